// `node bin/run.mjs FILE.ts [ARG...]`: installs for checking if need be, then runs the file with the right Node.
import { spawnSync } from 'node:child_process';
import { installForChecking, nodeBinary, root } from './install.mjs';

installForChecking();
const result = spawnSync(nodeBinary(), process.argv.slice(2), { cwd: root, stdio: 'inherit' });
process.exit(result.status ?? 1);
