// A click on a heading sorts by that column; unknown values stay last. The page works without this.
for (const table of document.querySelectorAll("table.systems")) {
  const body = table.tBodies[0];
  table.querySelectorAll("thead th").forEach((head, column) => {
    const button = head.querySelector("button");
    button.title = "sort";
    button.addEventListener("click", () => {
      const rising = head.getAttribute("aria-sort") !== "ascending";
      table.querySelectorAll("thead th").forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", rising ? "ascending" : "descending");
      const value = (row) => row.cells[column].dataset.value;
      const order = (a, b) => {
        if (value(a) === "" || value(b) === "") return (value(a) === "") - (value(b) === "");
        return (rising ? 1 : -1) * (Number(value(a)) - Number(value(b)));
      };
      body.append(...[...body.rows].sort(order));
    });
  });
}
