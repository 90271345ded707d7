"""What a reading says of the protocol and what of the coder, told apart by one model.

P(Y <= l) = logistic(tau_l - theta - beta): a protocol's place theta ~ N(0, sigma^2), an effect beta
of whoever read it, 0 for the average reader. Places are integrated out, so a protocol that was read
once counts for as much as it can tell. Identical patterns of readings are computed once, and all
that is exponential is computed for (reader, level, node), not for readings.

Nodes are equally spaced. For an integrand that is smooth and vanishes at both ends this is as exact
as Gauss-Hermite with as many nodes (Trefethen and Weideman 2014, SIAM Review 56:385), and the
spacing can be held against the narrowest that a protocol's place can be known.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.linalg import helmert
from scipy.optimize import minimize
from scipy.special import expit, log_expit
from threadpoolctl import threadpool_limits

from cer_assist.statistics.estimates import Estimate
from cer_assist.statistics.readings import Patterns

USUAL_SIGMA = 2.0  # logits; see `fit`
ESTABLISHED = 20  # readings, with which a reader counts half in the average
_ERROR_VARIANCE = np.pi**2 / 3  # of the logistic distribution
_REACH = 6.0  # standard deviations of theta that nodes cover
_STEP = 1e-4  # of the differences that make the information from the gradient
# What is left to climb, in squared standard errors: no figure would move by a hundredth of one.
_FLAT = 1e-4


class Point(NamedTuple):
    """Thresholds (K - 1,), their gaps (K - 2,), sigma and effects (readers,)."""

    thresholds: np.ndarray
    gaps: np.ndarray
    sigma: float
    effects: np.ndarray


class Loss(NamedTuple):
    """Negative penalised marginal log likelihood and its gradient.

    Parameters are the first threshold, logarithms of the gaps, the logarithm of sigma and
    coordinates of the effects among all that sum to 0.

    Attributes
    ----------
    patterns : Patterns
    nodes : (q,)
        Of theta / sigma.
    basis : (readers - 1, readers)
        Orthonormal, so that a penalty on the coordinates treats all readers alike.
    """

    patterns: Patterns
    nodes: np.ndarray
    basis: np.ndarray

    @classmethod
    def of(cls, patterns: Patterns, sigma: float) -> "Loss":
        """With nodes that serve for any sigma up to the given one."""
        return cls(patterns, _nodes(sigma, patterns.most), helmert(patterns.readers))

    def point(self, parameters: np.ndarray) -> Point:
        """What parameters stand for."""
        split = self.patterns.levels - 1
        gaps = np.exp(parameters[1:split])
        thresholds = parameters[0] + np.append(0.0, np.cumsum(gaps))
        return Point(
            thresholds, gaps, np.exp(parameters[split]), parameters[split + 1 :] @ self.basis
        )

    def __call__(self, parameters: np.ndarray) -> tuple[float, np.ndarray]:
        at = self.point(parameters)
        logits = _logits(at, self.nodes)  # (readers, K - 1, q)
        marginal, expected = self._expected(logits)
        slopes = expected[:, :-1] * expit(-logits) - expected[:, 1:] * expit(logits)
        given = expected.sum(axis=(0, 2))[1:-1]  # readings of each level between the ends
        value = self.patterns.counts @ marginal + given @ np.log(-np.expm1(-at.gaps))
        by_threshold = slopes.sum(axis=(0, 2))
        above = np.cumsum(by_threshold[::-1])[::-1]
        gradient = np.concatenate(
            [
                above[:1],
                at.gaps * (above[1:] - given * np.exp(-at.gaps) / np.expm1(-at.gaps)),
                [-at.sigma * (slopes.sum(axis=(0, 1)) @ self.nodes)],
                -self.basis @ slopes.sum(axis=(1, 2)),
            ]
        )
        penalty, pull = self._penalty(at, parameters)
        return penalty - value, pull - gradient

    def _expected(self, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log likelihood of each pattern, and readings expected by (reader, level, node).

        The difference of two logistic functions is a product, s(u) s(-v) (1 - e^(v - u)), whose
        logarithm overflows nowhere; the last factor is the same at all nodes and added later.
        """
        readers, inner, count = logits.shape
        logs = np.zeros((readers, inner + 1, count))
        logs[:, :-1] += log_expit(logits)
        logs[:, 1:] += log_expit(-logits)
        joint = self.patterns.said @ logs.reshape(-1, count) + _log_weights(self.nodes)
        highest = joint.max(axis=1, keepdims=True)
        joint -= highest
        likely = np.exp(joint, out=joint)  # (patterns, q)
        total = likely.sum(axis=1)
        likely *= (self.patterns.counts / total)[:, None]
        expected = (self.patterns.said.T @ likely).reshape(logs.shape)
        return highest[:, 0] + np.log(total), expected

    def _penalty(self, at: Point, parameters: np.ndarray) -> tuple[float, np.ndarray]:
        """What the priors of `fit` add, and its gradient."""
        place = self.patterns.levels - 1
        coordinates = parameters[place + 1 :]
        variance = at.sigma**2 + _ERROR_VARIANCE
        ridge = coordinates @ coordinates / (2 * variance)
        rate = at.sigma / USUAL_SIGMA
        pull = np.zeros_like(parameters)
        pull[place] = rate - 1 - 2 * ridge * at.sigma**2 / variance
        pull[place + 1 :] = coordinates / variance
        return ridge + rate - np.log(rate), pull

    def start(self) -> np.ndarray:
        """Thresholds as if all readers were alike and sigma were the usual one."""
        said = np.asarray(self.patterns.said.T @ self.patterns.counts)
        shares = said.reshape(-1, self.patterns.levels).sum(axis=0) / said.sum()
        below = np.cumsum(shares)[:-1]
        wider = np.sqrt(1 + USUAL_SIGMA**2 / _ERROR_VARIANCE)
        thresholds = wider * np.log(below / (1 - below))
        logs = np.log(np.diff(thresholds))
        effects = np.zeros(len(self.basis))
        return np.concatenate([thresholds[:1], logs, [np.log(USUAL_SIGMA)], effects])

    def information(self, parameters: np.ndarray) -> np.ndarray:
        """Second derivatives, by central differences of the gradient."""
        steps = _STEP * np.eye(len(parameters))
        columns = [self(parameters + step)[1] - self(parameters - step)[1] for step in steps]
        found = np.array(columns) / (2 * _STEP)
        return (found + found.T) / 2


@dataclass(frozen=True)
class Fit:
    """The model that was found.

    Attributes
    ----------
    thresholds : (K - 1,)
        tau, of the K levels that were given, for the average reader.
    sigma : float
    log_variance : float
        Of the logarithm of sigma.
    effects : (readers,)
        beta, in logits, from that average; see `_shares`.
    covariance : (readers, readers)
        Of the effects; NaN where the information is not that of a maximum.
    relative : (readers, readers)
        Of the effects against the spread of all readings, sqrt(sigma^2 + pi^2 / 3), in logits at
        the spread that was found. Where hardly any protocol was read twice, sigma is open and every
        logit with it, yet who reads higher than whom, and by how many levels, is not.
    converged : bool
    """

    thresholds: np.ndarray
    sigma: float
    log_variance: float
    effects: np.ndarray
    covariance: np.ndarray
    relative: np.ndarray
    converged: bool

    @property
    def sigma_estimate(self) -> Estimate:
        """Sigma with its interval."""
        return Estimate.normal(np.log(self.sigma), self.log_variance).through(np.exp)

    def mean_level(self, effects: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Expected level over the distribution of protocols, (m,).

        Parameters
        ----------
        effects : (m,)
        values : (K,)
            What each level counts as.
        """
        nodes = _nodes(self.sigma, 1)
        point = Point(self.thresholds, np.diff(self.thresholds), self.sigma, effects)
        above = expit(-_logits(point, nodes)) @ np.exp(_log_weights(nodes))  # (m, K - 1)
        return values[0] + above @ np.diff(values)


@threadpool_limits.wrap(limits=1)  # matrices this small lose more to waking threads than they gain
def fit(patterns: Patterns) -> Fit:
    """Maximise the penalised marginal likelihood.

    Two weak priors keep everything finite. An effect is normal about 0 with the variance of a
    reading itself, sigma^2 + pi^2 / 3: it counts like one more reading and draws an effect from ten
    readings in by about a tenth, one from hundreds by nothing that shows. Sigma has a gamma
    distribution of shape 2 with its mode at 2, which decides only where hardly any protocol was
    read twice, or where all readings agree. Covariances are of the information observed at the
    maximum, priors included.

    References
    ----------
    Hedeker and Gibbons 1994, Biometrics 50:933-944 (marginal likelihood); Bock and Aitkin 1981,
    Psychometrika 46:443-459 (expected counts at nodes); Chung et al. 2013, Psychometrika 78:685-709
    (the gamma distribution).
    """
    serves = 1.5 * USUAL_SIGMA
    loss = Loss.of(patterns, serves)
    parameters = _lowest(loss, loss.start())
    while (sigma := loss.point(parameters).sigma) > serves:
        serves = 1.5 * sigma
        loss = Loss.of(patterns, serves)
        parameters = _lowest(loss, parameters)
    return _described(loss, parameters)


def _lowest(loss: Loss, start: np.ndarray) -> np.ndarray:
    options = {"maxiter": 500, "maxcor": 30, "ftol": 1e-13, "gtol": 1e-6}
    return minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x


def _described(loss: Loss, parameters: np.ndarray) -> Fit:
    """Figures and intervals; whether it is a maximum is judged by the information there."""
    at = loss.point(parameters)
    gradient = loss(parameters)[1]
    information = loss.information(parameters)
    peak = bool(np.linalg.eigvalsh(information)[0] > 0)
    inverse = np.linalg.inv(information) if peak else np.full_like(information, np.nan)
    place = len(at.thresholds)
    converged = peak and bool(gradient @ inverse @ gradient < _FLAT)
    shares = _shares(loss.patterns)
    middle = shares @ at.effects
    effects = at.effects - middle
    into = np.zeros((effects.size, len(parameters)))  # the effects, of parameters
    into[:, place + 1 :] = loss.basis.T - shares @ loss.basis.T
    against = into.copy()
    against[:, place] = -effects * at.sigma**2 / (at.sigma**2 + _ERROR_VARIANCE)
    return Fit(
        at.thresholds - middle,
        float(at.sigma),
        float(inverse[place, place]),
        effects,
        covariance=into @ inverse @ into.T,
        relative=against @ inverse @ against.T,
        converged=converged,
    )


def _shares(patterns: Patterns) -> np.ndarray:
    """What each reader counts in the average that effects are told from, (readers,), 1 in all.

    With n readings n / (n + 20). If all counted alike, an interval of anybody would be as wide as a
    newcomer's lets it; if readings did, who reads most would be the average.
    """
    said = np.asarray(patterns.said.T @ patterns.counts).reshape(patterns.readers, -1).sum(axis=1)
    shares = said / (said + ESTABLISHED)
    return shares / shares.sum()


def _logits(at: Point, nodes: np.ndarray) -> np.ndarray:
    """Of P(Y <= l), (readers, K - 1, q)."""
    return at.thresholds[:, None] - at.effects[:, None, None] - at.sigma * nodes


def _nodes(sigma: float, most: int) -> np.ndarray:
    """Places in standard deviations, as far apart as a place can at best be known.

    A reading tells at most 1/2 of theta (the second derivative of its log likelihood). Of an
    integrand no narrower than the spacing, the error is of the order of e^(-2 pi^2).
    """
    spacing = 1 / np.sqrt(most / 2 + 1 / sigma**2) / sigma
    each_side = int(np.ceil(_REACH / spacing))
    return np.linspace(-_REACH, _REACH, 2 * each_side + 1)


def _log_weights(nodes: np.ndarray) -> np.ndarray:
    """Logarithms of the normal distribution's shares at nodes, 1 in all."""
    weights = np.exp(-(nodes**2) / 2)
    return -(nodes**2) / 2 - np.log(weights.sum())
