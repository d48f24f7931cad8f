import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Metric } from './metric.ts';
import { createPilotMetrics } from './pilot-metrics.ts';

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
});

describe('createPilotMetrics', () => {
  it("has istiod's names from the start", () => {
    const text = createPilotMetrics().render();
    for (const name of [
      'pilot_xds 0',
      'pilot_services 0',
      'pilot_total_xds_rejects{type="cds"} 0',
      'pilot_xds_cds_reject 0',
    ])
      assert.match(text, new RegExp(`^${name}$`, 'm'));
  });
});
