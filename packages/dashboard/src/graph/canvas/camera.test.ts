import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitCamera, maxScale, pinchCamera, startCamera, toPicture } from './camera.ts';

const bounds = { x: -100, y: 50, width: 1400, height: 700 };
const screen = { x: 0, y: 0, width: 1200, height: 700 };
const phone = { x: 0, y: 0, width: 390, height: 600 };

test('a wide surface begins with everything, a phone with what can be read', () => {
  const wide = fitCamera(bounds, screen, 36);
  assert.equal(startCamera(wide, bounds, screen), wide);
  const narrow = startCamera(fitCamera(bounds, phone, 36), bounds, phone);
  assert.ok(narrow.scale > 0.4);
  assert.equal(Math.round(bounds.x * narrow.scale + narrow.x), 12);
});

test('what is between two fingers stays between them', () => {
  const camera = { x: 10, y: -20, scale: 0.5 };
  const from = { x: 100, y: 200, span: 80 };
  const to = { x: 140, y: 180, span: 160 };
  const after = pinchCamera(camera, from, to);
  assert.equal(after.scale, 1);
  assert.deepEqual(toPicture(to, after), toPicture(from, camera));
  assert.equal(pinchCamera(camera, from, { ...to, span: 80_000 }).scale, maxScale);
});
