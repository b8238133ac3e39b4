import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";

/** A pipe with an end for a process to write to, which is read when the test says so, or not at all. */
export interface NamedPipe {
  /** For the process. */
  readonly writer: number;
  /** Fills it up to the last byte, so that nothing more can be written. */
  fill(): void;
  /** Closes this process's end for writing; the process has its own. */
  handOver(): void;
  /** Reads until nobody can write any more, without what filled it. */
  read(): Promise<string>;
  /** Closes the end that is read: whoever writes then gets EPIPE. */
  breakIt(): void;
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
      for (const size of [4_096, 1]) while (isTaken(filler.fd, size));
      filler.close();
    },
    handOver: () => writer.close(),
    async read() {
      reader.isOpen = false;
      const all = await text(new Socket({ fd: reader.fd, readable: true, writable: false }));
      return all.trimStart();
    },
    breakIt: () => reader.close(),
  };
}

function isTaken(fd: number, size: number): boolean {
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
