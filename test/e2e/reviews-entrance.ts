/** The Service that clusters share. */
export const service = `
apiVersion: v1
kind: Service
metadata: { name: reviews, labels: { app: reviews } }
spec: { ports: [{ port: 9080, name: http }], selector: { app: reviews } }
`;

/** The ingress gateway leads to it, whatever the host. */
export const entrance = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: entrance }
spec:
  selector: { istio: ingressgateway }
  servers: [{ port: { number: 8080, name: http, protocol: HTTP }, hosts: ['*'] }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: entrance }
spec:
  hosts: ['*']
  gateways: [entrance]
  http: [{ route: [{ destination: { host: reviews, port: { number: 9080 } } }] }]
`;
