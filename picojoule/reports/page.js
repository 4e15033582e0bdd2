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
// Words over a table of more than five rows keep the rows that have them all; -word leaves out those that have it.
for (const table of document.querySelectorAll("table.sifted")) {
  const rows = [...table.tBodies[0].rows];
  if (rows.length <= 5) continue;
  const box = document.createElement("p");
  const words = box.appendChild(document.createElement("input"));
  const told = box.appendChild(document.createElement("output"));
  box.className = "sift";
  words.type = "search";
  words.placeholder = "filter: ttfs -int8";
  words.setAttribute("aria-label", "Filter the rows by words");
  words.addEventListener("input", () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter((word) => word && word !== "-");
    const has = (text) => (word) => (word[0] === "-" ? !text.includes(word.slice(1)) : text.includes(word));
    for (const row of rows) row.hidden = !wanted.every(has(row.textContent.toLowerCase()));
    const left = rows.filter((row) => !row.hidden).length;
    told.textContent = left === rows.length ? "" : `${left} of ${rows.length}`;
  });
  table.closest(".scroll").before(box);
}
// On paper everything is open.
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((each) => (each.open = true)));
