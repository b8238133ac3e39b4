/** A figure over several rounds. */
export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** In the order of the rounds. */
  readonly values: readonly number[];
}

export function figureOf(values: readonly number[]): Figure {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
  return { median, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN, values };
}

/**
 * The median of the ratios within each round. A slow phase of the machine affects both figures of a round, so this varies less
 * from run to run than the ratio of two medians.
 */
export function ratioOf(figure: Figure, other: Figure): number {
  return figureOf(figure.values.map((value, round) => value / (other.values[round] ?? Number.NaN))).median;
}
