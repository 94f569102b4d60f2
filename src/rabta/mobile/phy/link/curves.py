"""Block error curves by simulation: seeds that fix every block, enough errors, intervals of confidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.mobile.phy.ldpc import coding
from rabta.mobile.phy.link import chain, channels, effective, tables
from rabta.mobile.phy.link.channels import Channel
from rabta.mobile.phy.link.transport import Coded, Format
from rabta.mobile.phy.waveform import qam

Bools = NDArray[np.bool_]
Task = tuple["Setup", float, int, int]

BATCH_BITS = 400_000  # coded bits simulated at once: fits the cache of a core
MOST_BATCH = 400
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Setup:
    """What is simulated.

    Attributes
    ----------
    transmissions : int
        Most transmissions of a block, 1 to 4: each failed check asks for the next redundancy version.
    exact : bool
        Exact ratios of bits, or those of the nearest points (max-log).
    iterations : int
        Of the decoder.
    at_once : int
        Blocks of a batch; 0 for as many as suit the cache.
    """

    form: Coded
    channel: Channel = field(default_factory=Channel)
    transmissions: int = 1
    exact: bool = True
    iterations: int = coding.ITERATIONS
    at_once: int = 0

    def __post_init__(self) -> None:
        if self.transmissions not in range(1, 5):
            raise RabtaError(
                "no such number of transmissions",
                key="transmissions",
                value=self.transmissions,
                expected="1 to 4",
            )
        if not 0 <= self.at_once <= 10_000:
            raise RabtaError("no such batch", key="at_once", value=self.at_once, expected="0 to 10000")
        channels.check(self.form, self.channel)

    @property
    def batch(self) -> int:
        """Blocks simulated at once."""
        return self.at_once or int(np.clip(BATCH_BITS // self.form.coded_bits, 4, MOST_BATCH))


@dataclass(frozen=True)
class Point:
    """Blocks and errors at one ratio.

    Attributes
    ----------
    errors : tuple of int
        Blocks wrong after each transmission.
    missed : int
        Wrong blocks whose check held.
    """

    snr_db: float
    blocks: int
    errors: tuple[int, ...]
    missed: int = 0

    @property
    def bler(self) -> float:
        """Error rate of the first transmission."""
        return self.errors[0] / self.blocks

    @property
    def residual(self) -> float:
        """Error rate after the last transmission."""
        return self.errors[-1] / self.blocks

    @property
    def interval(self) -> tuple[float, float]:
        """Confidence interval (95 %) of the first transmission's error rate."""
        return interval(self.errors[0], self.blocks)

    @property
    def mean_transmissions(self) -> float:
        """Transmissions of a block, on average."""
        return 1.0 + sum(self.errors[:-1]) / self.blocks


def interval(errors: int, blocks: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Clopper and Pearson's interval of a proportion: never covers less than it says (Biometrika 26, 1934).

    Examples
    --------
    >>> [round(x, 4) for x in interval(10, 1000)]
    [0.0048, 0.0183]
    """
    from scipy.special import betaincinv

    tail = 0.5 * (1.0 - confidence)
    low = 0.0 if errors == 0 else float(betaincinv(errors, blocks - errors + 1, tail))
    high = 1.0 if errors == blocks else float(betaincinv(errors + 1, blocks - errors, 1.0 - tail))
    return low, high


def wilson(errors: int, blocks: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Wilson's score interval of a proportion (J. Am. Stat. Assoc. 22, 1927); shorter than the exact one.

    Examples
    --------
    >>> [round(x, 4) for x in wilson(10, 1000)]
    [0.0054, 0.0183]
    """
    from scipy.special import ndtri

    z = float(ndtri(0.5 * (1.0 + confidence)))
    share = errors / blocks
    middle = (share + z * z / (2 * blocks)) / (1.0 + z * z / blocks)
    half = z / (1.0 + z * z / blocks) * np.sqrt(share * (1.0 - share) / blocks + z * z / (4.0 * blocks**2))
    return max(float(middle - half), 0.0), min(float(middle + half), 1.0)


def batch(setup: Setup, snr_db: float, seed: int, number: int) -> tuple[int, tuple[int, ...], int]:
    """Blocks, errors after each transmission, and errors that the check missed, of one batch."""
    wrong, good = outcomes(setup, snr_db, seed, number)
    errors = tuple(int(row.sum()) for row in wrong)
    return wrong.shape[1], errors, int((wrong & good).any(axis=0).sum())


def outcomes(setup: Setup, snr_db: float, seed: int, number: int) -> tuple[Bools, Bools]:
    """Whether each block is wrong, and whether its check holds, shape (transmission, block).

    A block whose check holds is not sent again. Seed, ratio and number of the batch alone fix all that is
    drawn.
    """
    form, count = setup.form, setup.batch
    level = _level(snr_db)
    rng = np.random.default_rng([seed, level, number])
    bits = rng.integers(0, 2, (count, form.bits), dtype=np.uint8)
    words = chain.encode(bits, form)
    wrong = np.ones((setup.transmissions, count), dtype=bool)
    good = np.zeros((setup.transmissions, count), dtype=bool)
    left, buffer = np.arange(count), None
    for turn in range(setup.transmissions):
        found = _transmit(setup, words[left], snr_db, rng, buffer, turn, number * count + left, seed + level)
        wrong[turn:, left] = (found.bits != bits[left]).any(axis=1)
        good[turn:, left] = found.good
        keep = ~found.good
        left, buffer = left[keep], found.buffer[keep]
        if left.size == 0:
            break
    return wrong, good


def _level(snr_db: float) -> int:
    """Number of a ratio, part of the seeds: other ratios are other draws."""
    return round(snr_db * 1000.0) + 10**6


def predicted(setup: Setup, snr_db: float, *, blocks: int = 1000, seed: int = 0) -> float:
    """Error rate of first transmissions that effective ratios and the error tables give for the same links.

    Raises
    ------
    RabtaError
        For a block outside of any slot, or a receiver that estimates the channel.
    """
    form, channel = setup.form, setup.channel
    if not isinstance(form, Format) or channel.knowledge != "perfect":
        raise RabtaError("no effective ratio", key="form, knowledge", value=channel.knowledge,
                         expected="a Format, perfect")  # fmt: skip
    total, count = 0.0, 0
    while count < blocks:
        links = (count + np.arange(setup.batch)) * len(chain.VERSIONS)
        ratio = channels.sinr_db(form, channel, snr_db, links, seed + _level(snr_db))
        mean = effective.sinr_db(ratio, order=form.order, axis=(1, 2))
        total += float(tables.failures(form.order, form.rate, mean, form.bits).sum())
        count += setup.batch
    return total / count


def _transmit(
    setup: Setup, words: NDArray[np.uint8], snr_db: float, rng: np.random.Generator,
    buffer: NDArray[np.float32] | None, turn: int, links: NDArray[np.int64], seed: int,
) -> chain.Received:  # fmt: skip
    form, version = setup.form, chain.VERSIONS[turn]
    symbols = qam.modulate(chain.select(words, form, version), form.order)
    own = links * len(chain.VERSIONS) + turn  # every transmission over a channel of its own
    heard = channels.through(symbols, form, setup.channel, snr_db, rng, own, seed)
    ratios = qam.demodulate(heard.symbols, heard.variance, form.order, exact=setup.exact)
    return chain.receive(ratios, form, version=version, buffer=buffer, iterations=setup.iterations)


def _one(task: Task) -> tuple[int, tuple[int, ...], int]:
    return batch(*task)


@contextmanager
def workers(processes: int) -> Iterator[ProcessPoolExecutor | None]:
    """Pool of processes; None for this one alone."""
    if processes < 2:
        yield None
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield pool


def _results(
    pool: ProcessPoolExecutor | None, processes: int, setup: Setup, snr_db: float, seed: int
) -> Iterator[tuple[int, tuple[int, ...], int]]:
    """Batches in order, a few of them ahead of who asks."""
    number, ahead = 0, list[Future[tuple[int, tuple[int, ...], int]]]()
    while True:
        if pool is None:
            yield batch(setup, snr_db, seed, number)
            number += 1
            continue
        while len(ahead) < processes:
            ahead.append(pool.submit(_one, (setup, snr_db, seed, number)))
            number += 1
        yield ahead.pop(0).result()


def point(
    setup: Setup, snr_db: float, *, errors: int = 100, most: int = 100_000, seed: int = 0,
    pool: ProcessPoolExecutor | None = None, processes: int = 1,
) -> Point:  # fmt: skip
    """Simulate one ratio until so many errors of the last transmission, or blocks, were seen.

    Whole batches, in order: the result does not depend on the number of processes.
    """
    blocks, missed, wrong = 0, 0, np.zeros(setup.transmissions, dtype=np.int64)
    for count, failed, unseen in _results(pool, processes, setup, snr_db, seed):
        blocks, missed = blocks + count, missed + unseen
        wrong += failed
        if wrong[-1] >= errors or blocks >= most:
            break
    return Point(float(snr_db), blocks, tuple(int(x) for x in wrong), missed)


def run(
    setup: Setup, snr_db: Sequence[float], *, errors: int = 100, most: int = 100_000, seed: int = 0,
    processes: int = 1, last: float = 0.0,
) -> list[Point]:  # fmt: skip
    """Block error curve.

    Parameters
    ----------
    setup : Setup
    snr_db : sequence of float
        Rising ratios: energy of a symbol (of all layers, at one antenna) over the noise's density.
    errors, most : int
        A point ends at so many errors or blocks.
    seed : int
        The same seed gives the same counts, on any number of processes.
    processes : int
        Worker processes; 1 for none.
    last : float
        No further ratios after a point whose error rate is below this.

    Examples
    --------
    >>> from rabta.mobile.phy.link.transport import Format
    >>> form = Format(1, 4, blocks=2)
    >>> [point.errors[0] for point in run(Setup(form), [-8.0, 3.0], errors=20, most=100)]
    [400, 0]
    """
    if errors < 1 or most < 1 or processes < 1:
        raise RabtaError("nothing to simulate", key="errors, most, processes",
                         value=(errors, most, processes), expected="1 or more each")  # fmt: skip
    found = []
    with workers(processes) as pool:
        for ratio in snr_db:
            found.append(
                point(setup, ratio, errors=errors, most=most, seed=seed, pool=pool, processes=processes)
            )
            if found[-1].residual < last:
                break
    return found
