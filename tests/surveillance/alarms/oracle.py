"""Slow and obvious versions of what the fast kernels do."""

import numpy as np
from scipy import stats


def glm(y, groups, time, prior, trend):
    """R's glm (quasi-Poisson, log link): means, last weights, design, coefficients, converged."""
    columns = [groups == g for g in np.unique(groups)] + ([time] if trend else [])
    x = np.stack(columns, axis=1).astype(float)
    mu = y + 0.1
    eta = np.log(mu)

    def deviance(mu):
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(y > 0, y * np.log(y / mu), 0.0) - (y - mu)
        return 2 * np.sum(prior * terms)

    old = deviance(mu)
    for _ in range(25):
        weights = prior * mu
        z = eta + (y - mu) / mu
        root = np.sqrt(weights)
        beta = np.linalg.lstsq(x * root[:, None], z * root, rcond=None)[0]
        eta = x @ beta
        mu = np.exp(eta)
        new = deviance(mu)
        if abs(new - old) / (abs(new) + 0.1) < 1e-8:
            return mu, weights, x, beta, True
        old = new
    return mu, weights, x, beta, False


def flexible(y, groups, time, limit, trend=True):
    """One flexible Farrington model: mean at time 0 in the last group, dispersion, slope."""
    n = len(y)
    prior = np.ones(n)
    mu, weights, x, beta, good = glm(y, groups, time, prior, trend)
    if not good and trend:
        return flexible(y, groups, time, limit, trend=False)
    df = n - x.shape[1]
    phi = max(np.sum(weights * ((y - mu) / mu) ** 2) / df, 1.0)
    if limit > 0:
        q, _ = np.linalg.qr(x * np.sqrt(weights)[:, None])
        hat = np.sum(q**2, axis=1)
        s = 1.5 * (y ** (2 / 3) * mu ** (-1 / 6) - np.sqrt(mu)) / np.sqrt(phi * (1 - hat))
        prior = np.where(s > limit, s**-2.0, 1.0)
        prior *= n / prior.sum()
        mu, weights, x, beta, _ = glm(y, groups, time, prior, trend)
        phi = max(np.sum(weights * ((y - mu) / mu) ** 2) / df, 1.0)
    own = np.flatnonzero(np.unique(groups) == groups.max())[0]
    mean = float(np.exp(beta[own]))
    if trend and mean > y.max():
        return flexible(y, groups, time, limit, trend=False)
    return mean, float(phi), float(beta[-1]) if trend else float("nan")


def nb_tail(count, mean, dispersion):
    """P(X >= count) by adding up."""
    below = np.arange(int(np.ceil(count)))
    if dispersion > 1:
        chances = stats.nbinom.pmf(below, mean / (dispersion - 1), 1 / dispersion)
    else:
        chances = stats.poisson.pmf(below, mean)
    return 1 - chances.sum()


def glr(counts, means, extra, start, last, longest):
    """Largest log-likelihood ratio by a grid over the change and all beginnings."""
    best = 0.0
    for first in range(max(start, last - longest), last + 1):
        x, mu = counts[first : last + 1, None], means[first : last + 1, None]
        kappa = np.linspace(0, 4, 4001)[None]
        if extra > 0:
            ratio = np.log((1 + extra * mu) / (1 + extra * mu * np.exp(kappa)))
            value = kappa * x + (x + 1 / extra) * ratio
        else:
            value = kappa * x + (1 - np.exp(kappa)) * mu
        best = max(best, value.sum(axis=0).max())
    return best


def best_cylinder(counts, base, order, longest, cut):
    """Highest log-likelihood ratio of any cylinder that ends now."""
    total = counts.sum()
    best = 0.0
    for centre in range(counts.shape[1]):
        for weeks in range(1, longest + 1):
            for size in range(1, order.shape[1] + 1):
                inside = order[centre, :size]
                c, e = counts[-weeks:, inside].sum(), base[-weeks:, inside].sum()
                if e > cut or c <= e:
                    continue
                rest = (total - c) * np.log((total - c) / (total - e)) if c < total else 0.0
                best = max(best, c * np.log(c / e) + rest)
    return best


def benjamini_hochberg(p):
    """Adjusted p by the definition."""
    m = len(p)
    return np.array([min(min(m * q / np.sum(p <= q) for q in p if q >= one), 1.0) for one in p])
