import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";

/** A pipe for a process to write to, which the test reads when it wants. */
export interface NamedPipe {
  /** The descriptor for the process. */
  readonly writer: number;
  /** Fills the pipe, so that writes to it block. */
  fill(): void;
  /** Closes the test's own writing end; the process has its own. */
  closeWriter(): void;
  /** Reads until all writing ends are closed, and returns the text without the filling. */
  read(): Promise<string>;
  /** Closes the reading end: writers then get EPIPE. */
  closeReader(): void;
}

const FILLER = " ";

export function namedPipe(): NamedPipe {
  const folder = mkdtempSync(join(tmpdir(), "bytenite-jobs-pipe-"));
  const path = join(folder, "pipe");
  execFileSync("mkfifo", [path]);
  const reader = descriptor(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
  const writer = descriptor(openSync(path, constants.O_WRONLY));
  onTestFinished(() => {
    reader.close();
    writer.close();
    rmSync(folder, { recursive: true });
  });
  return {
    writer: writer.fd,
    fill() {
      const filler = descriptor(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
      for (const size of [4_096, 1]) while (accepts(filler.fd, size));
      filler.close();
    },
    closeWriter: () => writer.close(),
    async read() {
      reader.isOpen = false;
      const all = await text(new Socket({ fd: reader.fd, readable: true, writable: false }));
      return all.trimStart();
    },
    closeReader: () => reader.close(),
  };
}

function accepts(fd: number, size: number): boolean {
  try {
    writeSync(fd, FILLER.repeat(size));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return false;
    throw error;
  }
}

function descriptor(fd: number) {
  return {
    fd,
    isOpen: true,
    close() {
      if (this.isOpen) closeSync(fd);
      this.isOpen = false;
    },
  };
}
