export {
  type BundleOptions,
  bundleDashboard,
  type DashboardBundle,
} from './bundle/bundle-dashboard.ts';
export { DashboardError, type DashboardErrorCode } from './bundle/dashboard-error.ts';
