import type { UpstreamConnection } from '../http/upstream-connection.ts';
import { MessageHead, parseRequestHead } from '../http1/head-parser.ts';

/** Sends a request's head that is there as text only, whatever the connection speaks. */
export const sendHeadText = (connection: UpstreamConnection, text: string): void => {
  const { outlet } = connection;
  if (outlet === undefined) {
    connection.writeText(text);
    return;
  }
  const bytes = Buffer.from(text, 'latin1');
  const head = new MessageHead();
  if (parseRequestHead(head, bytes, 0, bytes.length) <= 0) {
    connection.destroy();
    return;
  }
  const method = text.slice(0, head.methodEnd);
  const path = text.slice(head.targetStart, head.targetEnd);
  outlet.sendHead({ method, scheme: head.get('x-forwarded-proto') ?? 'http', path }, head);
};
