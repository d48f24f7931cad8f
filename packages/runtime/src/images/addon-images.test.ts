import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { addonImages } from './addon-images.ts';
import { ImageCatalog } from './image-catalog.ts';
import type { ProgramRequest } from './program.ts';

const folder = new URL('../../../../samples/addons/', import.meta.url);
const images = readdirSync(folder)
  .filter((name) => name.endsWith('.yaml'))
  .flatMap((name) => [...readFileSync(new URL(name, folder), 'utf8').matchAll(/image: (\S+)/g)])
  .map(([, image = '']) => image);

const request = { addresses: { podAddress: '127.9.0.2' } } as unknown as ProgramRequest;

test('every image of samples/addons is answered for', async () => {
  const endpoints = {
    dashboard: 'http://127.0.0.1:20001',
    otlp: 'http://127.0.0.1:4318',
    otlpGrpc: 'http://127.0.0.1:4317',
    zipkin: 'http://127.0.0.1:9411',
  };
  const catalog = new ImageCatalog(addonImages(() => endpoints));
  assert.ok(images.length >= 5);
  for (const image of images) {
    const prepared = await catalog.find(image)?.program?.prepare(request);
    assert.ok((prepared?.args.length ?? 0) >= 2, image);
  }
  const kiali = await catalog.find('quay.io/kiali/kiali:v9')?.program?.prepare(request);
  assert.deepEqual(kiali?.args, ['--route', '127.9.0.2:20001=http://127.0.0.1:20001']);
  const jaeger = await catalog.find('docker.io/jaegertracing/jaeger')?.program?.prepare(request);
  assert.ok(jaeger?.args.includes('127.9.0.2:4317=tcp://127.0.0.1:4317'));
});

test('without the dashboard an addon waits, and says for what', async () => {
  const catalog = new ImageCatalog(addonImages(() => undefined));
  const prepared = catalog.find('quay.io/kiali/kiali')?.program?.prepare(request);
  await assert.rejects(prepared ?? Promise.resolve(), /--no-dashboard/);
});
