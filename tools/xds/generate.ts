/**
 * Regenerates packages/xds/gen from the Envoy API that @grpc/grpc-js-xds publishes, and from the few
 * messages of Istio's own and fields of Envoy's that it does not have (`protos/` beside this file).
 * Run: `npm install --prefix tools && node_modules/.bin/node tools/xds/generate.ts`.
 *
 * Validation and versioning annotations are cut before generating: they double the load time of the
 * bindings and nothing reads them at run time. Comments are cut from the output: the contract of each
 * field is in Envoy's reference, and ours says what we do with it where we do it.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const tools = resolve(here, '..');
const target = resolve(tools, '../packages/xds/gen');
const source = join(tools, 'node_modules/@grpc/grpc-js-xds/deps');
const annotationImport =
  /^import "(udpa\/annotations|xds\/annotations|validate\/validate|envoy\/annotations|google\/api\/(annotations|http|client|field_behavior))[^"]*";$/gm;

const cleanProto = (text: string): string =>
  text
    .replaceAll('\r\n', '\n')
    .replace(annotationImport, '')
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/^\s*option \((udpa|xds|validate|envoy)[^;]*;/gms, '')
    .replace(/= (-?\d+)\s*\[[^;]*\];/gs, '= $1;')
    .replace(/option \(google\.api\.http\)[^;{]*(\{[^}]*\}|[^;]*);?/gs, '')
    .replace(/option \(google\.api\.http\)[^;]*;/gs, '');

/** Fields that came after the API that is published to npm, to messages that are too large to repeat. */
const laterFields = [
  {
    file: 'envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto',
    after: 'google.protobuf.BoolValue spawn_upstream_span = 10;',
    field: 'bool no_context_propagation = 13;',
  },
];

const listFiles = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

const work = mkdtempSync(join(tmpdir(), 'xds-protos-'));
const protos = join(work, 'protos');
for (const folder of ['envoy-api', 'googleapis', 'xds'])
  cpSync(join(source, folder), protos, { recursive: true });
cpSync(join(here, 'protos'), protos, { recursive: true });
for (const { file, after, field } of laterFields) {
  const path = join(protos, file);
  const text = readFileSync(path, 'utf8');
  if (text.split(after).length !== 2) throw new Error(`${file}: ${after} is not there once`);
  writeFileSync(path, text.replace(after, `${after}\n${field}`));
}
for (const file of listFiles(protos)) {
  if (file.endsWith('.proto')) writeFileSync(file, cleanProto(readFileSync(file, 'utf8')));
}
writeFileSync(join(work, 'buf.yaml'), 'version: v2\nmodules:\n  - path: protos\n');
const plugin = {
  local: join(tools, 'node_modules/.bin/protoc-gen-es'),
  out: 'gen',
  strategy: 'all',
  include_imports: true,
  opt: ['target=js+dts', 'import_extension=js'],
};
writeFileSync(
  join(work, 'buf.gen.yaml'),
  JSON.stringify({ version: 'v2', clean: true, plugins: [plugin] }),
);
const paths = readFileSync(join(here, 'protos.txt'), 'utf8').trim().split('\n');
const pathFlags = paths.flatMap((path) => ['--path', join('protos', path)]);
const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH']}` };
execFileSync(join(tools, 'node_modules/.bin/buf'), ['generate', ...pathFlags], {
  cwd: work,
  stdio: 'inherit',
  env,
});
for (const file of listFiles(join(work, 'gen'))) {
  const text = readFileSync(file, 'utf8');
  const bare = text.replace(/\/\*\*[\s\S]*?\*\/\n?/g, '').replace(/\n\s*\n+/g, '\n');
  writeFileSync(
    file,
    file.endsWith('.d.ts') ? bare : bare.replace(/^\/\/ (?!@generated).*\n/gm, ''),
  );
}
rmSync(target, { recursive: true, force: true });
cpSync(join(work, 'gen'), target, { recursive: true });
rmSync(work, { recursive: true });
