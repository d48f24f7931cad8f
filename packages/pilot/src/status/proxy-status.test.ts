import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatProxyStatus, proxyStatusRows } from './proxy-status.ts';

const synced = {
  proxy: 'details-v1-6997d94bb9-4jssp.default',
  cluster_id: 'Kubernetes',
  istio_version: '1.17.1',
  istiod: 'istiod-65dcb8497-9skn9',
  cluster_sent: '1',
  cluster_acked: '1',
  listener_sent: '2',
  listener_acked: '2',
  endpoint_sent: '3',
  endpoint_acked: '3',
  route_sent: '4',
  route_acked: '4',
};

describe('proxyStatusRows', () => {
  it('tells synced, stale, refused and not sent apart', () => {
    const [row] = proxyStatusRows([
      {
        ...synced,
        listener_acked: '1',
        route_sent: '5',
        endpoint_sent: '',
        errors: { route: 'bad' },
      },
    ]);
    assert.deepEqual(
      [row?.cds, row?.lds, row?.eds, row?.rds, row?.ecds],
      ['SYNCED', 'STALE', 'NOT SENT', 'ERROR', 'NOT SENT'],
    );
  });
});

describe('formatProxyStatus', () => {
  it('prints the layout of istioctl 1.17', () => {
    const egress = {
      ...synced,
      proxy: 'istio-egressgateway-774d6846df-fv97t.istio-system',
      route_sent: '',
      route_acked: '',
    };
    assert.equal(
      formatProxyStatus(proxyStatusRows([synced, egress])),
      [
        'NAME                                                  CLUSTER        CDS        LDS        EDS        RDS          ECDS         ISTIOD                     VERSION',
        'details-v1-6997d94bb9-4jssp.default                   Kubernetes     SYNCED     SYNCED     SYNCED     SYNCED       NOT SENT     istiod-65dcb8497-9skn9     1.17.1',
        'istio-egressgateway-774d6846df-fv97t.istio-system     Kubernetes     SYNCED     SYNCED     SYNCED     NOT SENT     NOT SENT     istiod-65dcb8497-9skn9     1.17.1',
        '',
      ].join('\n'),
    );
  });
});
