"""The compiled fit behind Farrington's alarms: a log-linear model of past counts, many at once.

Every tested week of every series needs its own model: log mean = level of the part of the year
(+ slope x time), variance = dispersion x mean (quasi-Poisson). The parts of the year do not
overlap, so the normal equations have an arrow shape and are solved in one pass over the weeks,
without a matrix. Start, weights and stopping rule are those of R's ``glm`` (start at counts + 0.1;
stop when the deviance changes by less than 1e-8 of itself; at most 25 rounds), because thresholds
equal to R's need the same last round: R takes dispersion and standard errors from the weights
before the last update.

Method: Farrington et al. 1996 (JRSS A 159:547), Noufaily et al. 2013 (Stat Med 32:1206).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nof1.surveillance.alarms.compiled import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FITTED, TOO_FEW, ALL_ZERO, NOT_CONVERGED = 0, 1, 2, 3
# Rows of the kernel's output.
MEAN, SE_PLAIN, SE, DISPERSION, SLOPE, WEEKS_USED, POOLED, CODE = range(8)
OUTPUTS = 8
MOST_ROUNDS = 25
ENOUGH = 1e-8
ONE = 1.0 - 1e-10


@compiled
def solve(n, y, t, g, prior, groups, trend, level, sums, mu, w, log_y):  # type: ignore[no-untyped-def]
    """Fit one model by iteratively reweighted least squares.

    ``level`` (groups,) takes the levels, ``sums`` (3, groups) the last round's sums of weights,
    weights x time and weights x response, ``mu`` the means and ``w`` the last round's weights.
    Returns slope, the slope's information, and whether it converged.
    """
    old_level = np.zeros(groups)
    slope, old_slope, information = 0.0, 0.0, 0.0
    deviance = 0.0
    for i in range(n):
        mu[i] = y[i] + 0.1
        log_mu = np.log(mu[i])
        w[i] = log_mu  # w holds the linear predictor until the first sums are made
        if y[i] > 0:
            log_y[i] = np.log(y[i])
            deviance += prior[i] * (y[i] * (log_y[i] - log_mu) + 0.1)
        else:
            log_y[i] = 0.0
            deviance += prior[i] * mu[i]
    deviance *= 2.0
    for turn in range(MOST_ROUNDS):
        tt, tz = 0.0, 0.0
        sums[:, :] = 0.0
        for i in range(n):
            eta = w[i] if turn == 0 else level[g[i]] + slope * t[i]
            z = eta + y[i] / mu[i] - 1.0
            w[i] = prior[i] * mu[i]
            sums[0, g[i]] += w[i]
            sums[1, g[i]] += w[i] * t[i]
            sums[2, g[i]] += w[i] * z
            tt += w[i] * t[i] * t[i]
            tz += w[i] * t[i] * z
        old_slope = slope
        if trend:
            information = tt
            for k in range(groups):
                if sums[0, k] > 0:
                    information -= sums[1, k] * sums[1, k] / sums[0, k]
                    tz -= sums[1, k] * sums[2, k] / sums[0, k]
            slope = tz / information
        for k in range(groups):
            old_level[k] = level[k]
            level[k] = (sums[2, k] - slope * sums[1, k]) / sums[0, k] if sums[0, k] > 0 else 0.0
        new = means(n, y, t, g, prior, level, slope, mu, log_y)
        halved = 0
        while not np.isfinite(new) and turn > 0 and halved < MOST_ROUNDS:
            halved += 1
            slope = (slope + old_slope) / 2
            for k in range(groups):
                level[k] = (level[k] + old_level[k]) / 2
            new = means(n, y, t, g, prior, level, slope, mu, log_y)
        if not np.isfinite(new):
            return slope, information, False
        if abs(new - deviance) / (abs(new) + 0.1) < ENOUGH:
            return slope, information, True
        deviance = new
    return slope, information, False


@compiled
def means(n, y, t, g, prior, level, slope, mu, log_y):  # type: ignore[no-untyped-def]
    """Fill ``mu`` with the means and return the deviance."""
    deviance = 0.0
    for i in range(n):
        eta = level[g[i]] + slope * t[i]
        mu[i] = np.exp(eta)
        deviance += prior[i] * (mu[i] - y[i])
        if y[i] > 0:
            deviance += prior[i] * y[i] * (log_y[i] - eta)
    return 2.0 * deviance


@compiled
def dispersion(n, y, mu, w, df):  # type: ignore[no-untyped-def]
    """Pearson dispersion with weights ``w``."""
    total = 0.0
    for i in range(n):
        residual = (y[i] - mu[i]) / mu[i]
        total += w[i] * residual * residual
    return total / df


@compiled
def reweigh(n, y, t, g, mu, w, sums, information, trend, phi, limit, prior):  # type: ignore[no-untyped-def]
    """Fill ``prior``: weeks whose standardised Anscombe residual is above ``limit`` count less."""
    total = 0.0
    for i in range(n):
        k = g[i]
        away = t[i] - sums[1, k] / sums[0, k]
        leverage = w[i] / sums[0, k] + (w[i] * away * away / information if trend else 0.0)
        residual = 1.5 * (np.cbrt(y[i] * y[i]) * mu[i] ** (-1.0 / 6.0) - np.sqrt(mu[i]))
        if leverage < ONE:  # a week alone in its group fits itself: nothing to judge
            residual /= np.sqrt(phi * (1.0 - leverage))
            prior[i] = 1.0 / (residual * residual) if residual > limit else 1.0
        else:
            prior[i] = 1.0
        total += prior[i]
    for i in range(n):
        prior[i] *= n / total


@compiled
def fit(n, y, t, g, groups, trend, limit, filled, level, sums, mu, w, prior, log_y):  # type: ignore[no-untyped-def]
    """Fit, reweigh (``limit`` > 0) and fit again.

    Returns slope, its information, dispersion >= 1, whether a trend is in, degrees of freedom and
    whether it converged.
    """
    prior[:n] = 1.0
    slope, information, converged = solve(
        n, y, t, g, prior, groups, trend, level, sums, mu, w, log_y
    )
    if not converged and trend:
        trend = False
        slope, information, converged = solve(
            n, y, t, g, prior, groups, trend, level, sums, mu, w, log_y
        )
    df = n - filled - (1 if trend else 0)
    if not converged or df < 1:
        return slope, information, 1.0, trend, df, False
    phi = max(dispersion(n, y, mu, w, df), 1.0)
    if limit > 0:
        reweigh(n, y, t, g, mu, w, sums, information, trend, phi, limit, prior)
        slope, information, _ = solve(n, y, t, g, prior, groups, trend, level, sums, mu, w, log_y)
        phi = max(dispersion(n, y, mu, w, df), 1.0)
    return slope, information, phi, trend, df, np.isfinite(phi)


@compiled
def many(  # type: ignore[no-untyped-def]
    values, tests, starts, weeks, labels, years, groups, limit, trend, critical, plain, least, out
):
    """Fit the model of every tested week and series into ``out`` (OUTPUTS, tests, series).

    ``values`` (series, times), NaN where a week does not count; ``critical`` (most weeks + 1,) the
    |t| above which a slope of so many degrees of freedom is kept; ``plain``: take R's plain
    residual dispersion with the new weights for the standard error that ``SE_PLAIN`` holds, as
    its ``farringtonFlexible`` does; ``least``: fewest usable weeks in the tested week's own group.
    """
    most = 1
    for j in range(len(tests)):
        most = max(most, starts[j + 1] - starts[j])
    y, t, mu, w = np.empty(most), np.empty(most), np.empty(most), np.empty(most)
    prior, log_y, g = np.empty(most), np.empty(most), np.empty(most, np.int64)
    level, sums, count = np.empty(groups), np.empty((3, groups)), np.empty(groups, np.int64)
    own = groups - 1
    for j in range(len(tests)):
        for s in range(values.shape[0]):
            n, highest, total = 0, 0.0, 0.0
            count[:] = 0
            for i in range(starts[j], starts[j + 1]):
                value = values[s, weeks[i]]
                if value == value:  # not NaN
                    y[n], g[n] = value, labels[i]
                    t[n] = weeks[i] - tests[j]
                    count[g[n]] += 1
                    highest = max(highest, value)
                    total += value
                    n += 1
            out[:, j, s] = np.nan
            out[WEEKS_USED, j, s] = n
            out[POOLED, j, s] = total / n
            filled = np.sum(count > 0)
            if count[own] < least or n - filled < 2:
                out[CODE, j, s] = TOO_FEW
                continue
            if highest == 0.0:
                out[CODE, j, s] = ALL_ZERO
                continue
            slope, information, phi, has, df, done = fit(
                n, y, t, g, groups, trend, limit, filled, level, sums, mu, w, prior, log_y
            )
            if has and done:
                scale = dispersion(n, y, mu, prior if plain else w, df)
                steep = abs(slope) / np.sqrt(scale / information) > critical[df]
                if not (steep and years[j] >= 3 and np.exp(level[own]) <= highest):
                    slope, information, phi, has, df, done = fit(
                        n, y, t, g, groups, False, limit, filled, level, sums, mu, w, prior, log_y
                    )
            if not done:
                out[CODE, j, s] = NOT_CONVERGED
                continue
            spread = 1.0 / sums[0, own]
            if has:
                spread += (sums[1, own] / sums[0, own]) ** 2 / information
                out[SLOPE, j, s] = slope
            out[MEAN, j, s] = np.exp(level[own])
            out[SE, j, s] = np.sqrt(phi * spread)
            scale = dispersion(n, y, mu, prior, df) if plain else phi
            out[SE_PLAIN, j, s] = np.sqrt(scale * spread)
            out[DISPERSION, j, s] = phi
            out[CODE, j, s] = FITTED
