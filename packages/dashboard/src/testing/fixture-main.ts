/** For looking at the pages by hand: `node fixture-main.ts [port] [large]`. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleDashboard } from '../bundle/bundle-dashboard.ts';
import { bookinfoMesh, largeMesh } from './fixture-mesh.ts';
import { startFixtureServer } from './fixture-server.ts';

const [port = '20002', size = ''] = process.argv.slice(2);
const pages = await bundleDashboard({
  folder: join(tmpdir(), 'lateen-dashboard-fixture'),
  development: size === 'development',
});
const mesh = size === 'large' ? largeMesh(200, 2000) : bookinfoMesh;
const server = await startFixtureServer(pages.folder, mesh, Number(port));
console.log(`${server.url} (bundled in ${pages.durationMs.toFixed(0)} ms)`);
setInterval(() => server.announce('metrics'), 5000);
