"""A deep spiking network one spike at a time, in plain Python and whole numbers: the brute force of counts."""


def signed(phi, q):
    """Spikes +1 or −1 until no more than half a quantum is left."""
    spikes = []
    while phi > q // 2:
        phi -= q
        spikes.append(1)
    while phi < -(q // 2):
        phi += q
        spikes.append(-1)
    return phi, spikes


def present(x, label, weights, psi, steps, q):
    """One sample; returns Z of the last layer, counts, errors, ψ, and the tally as in the kernel (without updates)."""
    sizes = [len(x)] + [len(w[0]) for w in weights]
    phi, c, errors = ([[0] * n for n in sizes] for _ in range(3))
    z = [[0] * n for n in sizes]
    tally = [[0, 0, 0] for _ in weights]
    for _ in range(steps):
        events = []
        for i, drive in enumerate(x):
            phi[0][i], spikes = signed(phi[0][i] + drive, q)
            events += [(i, s) for s in spikes]
            c[0][i] += sum(spikes)
        for layer, w in enumerate(weights, 1):
            for i, s in events:
                tally[layer - 1][0] += 1
                for j in range(sizes[layer]):
                    phi[layer][j] += s * w[i][j]
                    z[layer][j] += s * w[i][j]
            events = []
            for j in range(sizes[layer]):
                while phi[layer][j] > q // 2:
                    phi[layer][j] -= q
                    c[layer][j] += 1
                    events.append((j, 1))
                    tally[layer - 1][1] += 1
        wrong = [*events, (label, -1)]
        for layer in range(len(weights), 0, -1):
            e = [0] * sizes[layer]
            for j, s in wrong:  # a spike and the target's cancel before they are sent
                e[j] += s if z[layer][j] >= 0 else 0
            for j, k in enumerate(e):
                errors[layer][j] += k
                tally[layer - 1][2] += abs(k)
            if layer == 1:
                break
            wrong = []
            for i in range(sizes[layer - 1]):
                drive = sum(k * weights[layer - 1][i][j] for j, k in enumerate(e))
                psi[layer - 1][i], spikes = signed(psi[layer - 1][i] + drive, q)
                wrong += [(i, s) for s in spikes]
    return z[-1], c, errors, psi, tally


def learn(weights, c, errors):
    """For every error, the counts are taken from (or given to) its column, one by one; how many additions that is."""
    additions = []
    for layer, w in enumerate(weights, 1):
        n = 0
        for j, error in enumerate(errors[layer]):
            for _ in range(abs(error)):
                for i, count in enumerate(c[layer - 1]):
                    if count:
                        w[i][j] -= count if error > 0 else -count
                        n += 1
        additions.append(n)
    return additions
