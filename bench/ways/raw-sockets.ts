import { connect, type Socket } from "node:net";
import { accessToken, path, requestBytes, responseBytes } from "./the-call.ts";
import type { Way } from "./way.ts";

/** The lower bound: prepared bytes on sockets, and a response of known length. Nothing is parsed. */
export const rawSockets: Way = async ({ http1 }) => {
  const { hostname, port, host } = new URL(http1);
  const head = [
    `POST ${path} HTTP/1.1`,
    `host: ${host}`,
    "content-type: application/x-protobuf",
    "accept: application/x-protobuf",
    `authorization: ${accessToken}`,
    `content-length: ${requestBytes.length}`,
    "\r\n",
  ].join("\r\n");
  const bytes = Buffer.concat([Buffer.from(head), requestBytes]);
  const idle: Socket[] = [];
  return () =>
    new Promise<void>((resolve, reject) => {
      const socket = idle.pop() ?? connect(Number(port), hostname).setNoDelay();
      socket.once("error", reject);
      let tail = Buffer.alloc(0);
      const onData = (chunk: Buffer) => {
        tail = Buffer.concat([tail, chunk]).subarray(-responseBytes.length);
        if (!tail.equals(responseBytes)) return;
        socket.off("data", onData).off("error", reject);
        idle.push(socket);
        resolve();
      };
      socket.on("data", onData);
      socket.write(bytes);
    });
};
