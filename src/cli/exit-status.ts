/** The exit statuses of the process. */
export const ExitStatus = {
  /** The command succeeded; for a probe, nothing was refuted. */
  Ok: 0,
  /** The call failed, or the probe refuted something. */
  Failed: 1,
  /** The command line is invalid. */
  Usage: 2,
  /** As 0, but the report could not be written to its stream. */
  Unreported: 3,
  /** Ended by Ctrl-C, by the convention of shells: 128 plus the number of the signal. */
  Interrupted: 130,
  /** Ended by SIGTERM. */
  Terminated: 143,
} as const;

export type ExitStatus = (typeof ExitStatus)[keyof typeof ExitStatus];
