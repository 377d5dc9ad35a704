export { type Dashboard, type DashboardOptions, serveDashboard } from './serve-dashboard.js'
