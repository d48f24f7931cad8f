import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { SupervisedProcess } from '../supervision/supervised-process.ts';
import { openPseudoTerminal } from './pseudo-terminal.ts';

test('a shell on a terminal: typed input, its size, its end', async () => {
  const terminal = await openPseudoTerminal();
  terminal.resize(101, 33);
  const shell = new SupervisedProcess({
    command: '/bin/sh',
    args: ['-c', 'tty; stty size; read line; echo "got $line"; stty size; exit 7'],
    env: { PATH: process.env['PATH'] ?? '', TERM: 'xterm' },
    cwd: tmpdir(),
    terminal: terminal.path,
  });
  let output = '';
  for await (const chunk of terminal.output) {
    output += String(chunk);
    if (output.endsWith('33 101\r\n') && !output.includes('got')) {
      terminal.resize(80, 24);
      terminal.input.end('hello\r');
    }
  }
  assert.equal((await shell.exited).exitCode, 7);
  assert.match(output, new RegExp(`^${terminal.path}\r\n33 101\r\n`));
  assert.match(output, /got hello\r\n24 80\r\n$/);
});
