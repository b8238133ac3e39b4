/** How the process ends. */
export const ExitStatus = {
  /** It was done, or nothing was refuted. */
  Ok: 0,
  /** The call failed, or the probe refuted something. */
  Failed: 1,
  /** The command line cannot be understood. */
  Usage: 2,
  /** It was done, as with 0, but its report could not be written where it belongs. */
  Unreported: 3,
  /** Ended by Ctrl-C, as shells count it: 128 and the signal's number. */
  Interrupted: 130,
  /** Ended by SIGTERM. */
  Terminated: 143,
} as const;

export type ExitStatus = (typeof ExitStatus)[keyof typeof ExitStatus];
