import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Metric } from './metric.ts';

describe('Metric', () => {
  it('renders counters with escaped labels', () => {
    const metric = new Metric('pilot_xds_pushes', 'counter', 'Pushes.');
    metric.add(1, { type: 'cds' });
    metric.add(2, { type: 'cds' });
    metric.add(1, { type: 'a"b\\c\n' });
    assert.equal(
      metric.render(),
      [
        '# HELP pilot_xds_pushes Pushes.',
        '# TYPE pilot_xds_pushes counter',
        'pilot_xds_pushes{type="cds"} 3',
        'pilot_xds_pushes{type="a\\"b\\\\c\\n"} 1',
        '',
      ].join('\n'),
    );
  });

  it('renders histograms with cumulated buckets', () => {
    const metric = new Metric('h', 'histogram', 'H.', [0.1, 1]);
    for (const seconds of [0.05, 0.5, 0.5, 7]) metric.observe(seconds);
    assert.deepEqual(metric.render().split('\n').slice(2, -1), [
      'h_bucket{le="0.1"} 1',
      'h_bucket{le="1"} 3',
      'h_bucket{le="+Inf"} 4',
      'h_sum 8.05',
      'h_count 4',
    ]);
  });

  it('has a bound of series, beyond which sums stay right', () => {
    const metric = new Metric('requests', 'counter', 'Requests.');
    for (let client = 0; client < 5_000; client++) metric.add(1, { client: `c${client}` });
    metric.add(1, { client: 'c1' });
    const lines = metric.render().split('\n').slice(2, -1);
    assert.equal(lines.length, 2_001);
    assert.ok(lines.includes('requests{client="c1"} 2'));
    assert.ok(lines.includes('requests{client="__overflow__"} 3000'));
  });
});
