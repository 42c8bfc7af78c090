// Written by scripts/api_types.py from the bridge's OpenAPI document.

export interface Affected {
  kind: 'dataset' | 'job'
  id: string
  node: string
  namespace: string
  name: string
  job_kind: string | null
  dag_id: string | null
  task_id: string | null
  dataset_kind: string | null
  level: number
  path: string[]
  certain: boolean
  owners: Owner[]
  state: 'queued' | 'running' | 'deferred' | 'up_for_retry' | 'success' | 'failed' | 'skipped' | 'upstream_failed' | 'aborted' | 'removed' | 'lost' | null
  written_at: string | null
  columns: string[]
}

export interface AffectedNode {
  node: string
  label: string
  standing: 'late' | 'failed' | 'at_risk' | 'broken_contract' | 'personal_data'
  owners: string[]
  expected_by: string | null
  eta: string | null
}

export interface AffectedOwner {
  name: string
  datasets: number
  dags: number
}

export interface Assertion {
  name: string
  assertion: string | null
  column: string | null
  success: boolean | null
  severity: string | null
  expected: string | null
  actual: string | null
  description: string | null
  at: string
  dataset: DatasetRef | null
  run: Run | null
}

export interface AtRisk {
  items: Trouble[]
  datasets: number
  sources: SourceHealth[]
}

export interface AuditEntry {
  id: number
  at: string
  who: string
  method: string
  address: string
  action: string
  target: string
  outcome: string
  detail: string
}

export interface Breach {
  since: string
  until: string | null
}

export interface Card {
  node: string
  id: string
  kind: 'dataset' | 'job' | 'restricted'
  namespace: string
  name: string
  depth: number
  label: string | null
  job_kind: string | null
  dag_id: string | null
  task_id: string | null
  state: 'queued' | 'running' | 'deferred' | 'up_for_retry' | 'success' | 'failed' | 'skipped' | 'upstream_failed' | 'aborted' | 'removed' | 'lost' | null
  written_at: string | null
  x: number
  y: number
  w: number
  h: number
  group: string | null
  last_run: Run | null
  recent: ('queued' | 'running' | 'deferred' | 'up_for_retry' | 'success' | 'failed' | 'skipped' | 'upstream_failed' | 'aborted' | 'removed' | 'lost')[]
  p50: number | null
  operator: string | null
  schedule: string | null
  owner: string | null
  platform: string | null
  columns: number | null
  written_by: string | null
  expected_by: string | null
  late_since: string | null
  tags: Tag[]
  personal: string[]
  personal_reached: string[]
  personal_masked: string[]
  tasks: number | null
  folded: boolean
  more_upstream: number
  more_downstream: number
}

export interface Change {
  dataset: DatasetRef
  version: SchemaVersion
}

export interface Changes {
  added: string[]
  changed: string[]
  withdrawn: string[]
  unchanged: number
  stored: boolean
}

export interface Code {
  job: JobName
  what: string
  lines: string[]
}

export interface CodeChange {
  job: JobRef
  version: CodeVersion
}

export interface CodeVersion {
  kind: 'sql' | 'source'
  first_at: string
  last_at: string
  language: string | null
  text: string
  diff: string[] | null
}

export interface Column {
  name: string
  type: string | null
  description: string | null
  tags: Tag[]
  origins: ColumnOrigin[]
  personal: boolean
  personal_kind: 'tagged' | 'reached' | 'masked' | null
  known_by: 'schema' | 'lineage'
}

export interface ColumnEdge {
  source: string
  source_column: string
  target: string
  target_column: string
  transformations: Record<string, unknown>[]
  masked: boolean
  indirect: boolean
  job: JobRef | null
}

export interface ColumnLineage {
  nodes: ColumnNode[]
  edges: ColumnEdge[]
  truncated: number
  as_of: string | null
}

export interface ColumnNode {
  kind: 'column' | 'restricted'
  node: string
  id: string
  namespace: string
  name: string
  column: string
  depth: number
  tags: Tag[]
  personal: boolean
  personal_kind: 'tagged' | 'reached' | 'masked' | null
}

export interface ColumnOrigin {
  dataset: DatasetRef
  column: string
  transformations: Record<string, unknown>[]
  job: JobRef | null
}

export interface Comparison {
  good: Run | null
  slower: number | null
  tasks: TaskComparison[]
  datasets: DatasetComparison[]
  code: Code[]
  settings: Setting[]
}

export interface Confirmation {
  dataset: string
  column: string
  personal: boolean | null
  tag: string
}

export interface Confirmed {
  dataset: DatasetRef
  column: string
  personal: boolean | null
  tag: string
  by: string
}

export interface ContractDetail {
  contract: ContractItem
  promised: PromisedTable[]
}

export interface ContractFinding {
  verdict: 'kept' | 'broken' | 'unknown'
  reason: string
  since: string | null
  promised: boolean
}

export interface ContractItem {
  id: string
  name: string
  version: string
  status: string
  owners: string[]
  verdict: 'kept' | 'broken' | 'unknown'
  tables: ContractTable[]
}

export interface ContractTable {
  dataset: DatasetRef
  verdict: 'kept' | 'broken' | 'unknown'
  verdicts: Record<string, ContractFinding>
}

export interface CriticalPath {
  steps: CriticalStep[]
  seconds: number
  share: number
}

export interface CriticalStep {
  task: string
  runs: string[]
  seconds: number
}

export interface DatasetComparison {
  dataset: DatasetRef
  role: 'input' | 'output'
  seen: 'both' | 'only_now' | 'only_before'
  row_count: number | null
  good_row_count: number | null
  byte_count: number | null
  good_byte_count: number | null
  changes: SchemaChange[]
}

export interface DatasetDetail {
  id: string
  node: string
  namespace: string
  name: string
  kind: string | null
  written_at: string | null
  platform: string
  description: string | null
  owners: Owner[]
  tags: Tag[]
  personal: string[]
  personal_reached: string[]
  personal_masked: string[]
  columns: number
  written_by: JobRef | null
  state: 'queued' | 'running' | 'deferred' | 'up_for_retry' | 'success' | 'failed' | 'skipped' | 'upstream_failed' | 'aborted' | 'removed' | 'lost' | null
  first_at: string
  last_at: string
  dropped_at: string | null
  stale: boolean
  names: JobName[]
  schema_fields: Column[]
  versions: SchemaVersion[]
  written_by_runs: Run[]
  assertions: Assertion[]
  quality: Quality
  readers: JobRef[]
  writers: JobRef[]
  personal_unknown: boolean
  url: string | null
  facets: Record<string, unknown>
}

export interface DatasetItem {
  id: string
  node: string
  namespace: string
  name: string
  kind: string | null
  written_at: string | null
  platform: string
  description: string | null
  owners: Owner[]
  tags: Tag[]
  personal: string[]
  personal_reached: string[]
  personal_masked: string[]
  columns: number
  written_by: JobRef | null
  state: 'queued' | 'running' | 'deferred' | 'up_for_retry' | 'success' | 'failed' | 'skipped' | 'upstream_failed' | 'aborted' | 'removed' | 'lost' | null
  first_at: string
  last_at: string
  dropped_at: string | null
  stale: boolean
}

export interface DatasetRef {
  id: string
  node: string
  namespace: string
  name: string
  kind: string | null
  written_at: string | null
}

export interface Declarations {
  items: Declared[]
}

export interface Declared {
  node: string
  source: string
  declared_at: string
}

export interface DeliveryItem {
  sink: string
  kind: string
  key: string
  name: string | null
  state: string
  attempts: number
  news_at: string
  due_at: string
  reason: string | null
}

export interface Deployment {
  namespace: string
  name: string
  first_at: string
  last_at: string
  shares_namespace: boolean
}

export interface Durations {
  runs: Run[]
  p50: number | null
  p95: number | null
}

export interface Edge {
  source: string
  target: string
  kind: string
  first_at: string
  last_at: string
  run_id: string | null
  known: 'observed' | 'declared'
}

export interface ErrorText {
  message: string
  language: string | null
  stack_trace: string | null
}

export interface Eta {
  p50: string
  low: string
  high: string
  basis: string
}

export interface EventSummary {
  id: number
  received_at: string
  event_type: string | null
  event_time: string | null
  size: number
}

export interface Evidence {
  at: string
  text: string
  run_id: string | null
}

export interface Expectation {
  kind: 'by' | 'every' | 'within' | 'rows'
  source: 'person' | 'file' | 'contract' | 'dbt' | 'airflow' | 'schedule' | 'learned'
  text: string
  expected_by: string
}

export interface Expectations {
  items: Stated[]
}

export interface FacetBody {
  name: string
  at: string
  body: Record<string, unknown>
}

export interface File {
  name: string
  text: string
}

export interface Forgotten {
  datasets: string[]
  jobs: string[]
  runs: number
  edges: number
  stays: string[]
  done: boolean
}

export interface Found {
  items: Hit[]
}

export interface Freshness {
  since: string
  now: string
  writes: Write[]
  rhythm: Rhythm | null
  breaches: Breach[]
  truncated: boolean
}

export interface Graph {
  focus: string
  width: number
  height: number
  cards: Card[]
  groups: Group[]
  edges: Route[]
  truncated: number
  folded: number
  as_of: string | null
}

export interface Group {
  id: string
  job_id: string
  job_kind: string
  label: string
  namespace: string
  x: number
  y: number
  w: number
  h: number
  schedule: string | null
  state: 'queued' | 'running' | 'deferred' | 'up_for_retry' | 'success' | 'failed' | 'skipped' | 'upstream_failed' | 'aborted' | 'removed' | 'lost' | null
  recent: ('queued' | 'running' | 'deferred' | 'up_for_retry' | 'success' | 'failed' | 'skipped' | 'upstream_failed' | 'aborted' | 'removed' | 'lost')[]
  hidden: number
}

export interface Health {
  status: 'ok' | 'degraded'
  ready: boolean
  version: string
  inbox: InboxHealth
  kafka: KafkaHealth | null
  sinks: SinkHealth[]
  problems: string[]
  warnings: string[]
}

export interface Hit {
  kind: 'dataset' | 'job' | 'column'
  node: string
  id: string
  namespace: string
  name: string
  detail: string | null
}

export interface Impact {
  items: Affected[]
  owners: AffectedOwner[]
  datasets: number
  tasks: number
  uncertain_datasets: number
  uncertain_tasks: number
  kinds: Record<string, number>
  dags: JobRef[]
  truncated: number
  complete: boolean
}

export interface InboxHealth {
  waiting: number
  quarantined: number
  received: number | null
  last_received_at: string | null
  oldest_waiting_at: string | null
}

export interface Incident {
  id: number
  state: 'open' | 'acknowledged' | 'muted' | 'resolved'
  severity: 'critical' | 'warning'
  kind: string
  node: string
  run_id: string | null
  at: string
  text: string
  path: string[]
  opened_at: string
  detected_at: string
  changed_at: string
  resolved_at: string | null
  resolved_by: string | null
  acknowledged_by: string | null
  assigned_to: string | null
  reopened: number
  running_again: boolean
  affected: AffectedNode[]
  affected_left_out: number
}

export interface IncidentAction {
  by: string
  text: string | null
}

export interface IncidentDetail {
  id: number
  state: 'open' | 'acknowledged' | 'muted' | 'resolved'
  severity: 'critical' | 'warning'
  kind: string
  node: string
  run_id: string | null
  at: string
  text: string
  path: string[]
  opened_at: string
  detected_at: string
  changed_at: string
  resolved_at: string | null
  resolved_by: string | null
  acknowledged_by: string | null
  assigned_to: string | null
  reopened: number
  running_again: boolean
  affected: AffectedNode[]
  affected_left_out: number
  timeline: TimelineEntry[]
}

export interface JobDetail {
  id: string
  node: string
  namespace: string
  name: string
  label: string
  kind: string
  dag_id: string | null
  task_id: string | null
  integration: string | null
  processing: string | null
  description: string | null
  schedule: string | null
  owners: Owner[]
  tags: Tag[]
  last_run: Run | null
  recent: ('queued' | 'running' | 'deferred' | 'up_for_retry' | 'success' | 'failed' | 'skipped' | 'upstream_failed' | 'aborted' | 'removed' | 'lost')[]
  p50: number | null
  p95: number | null
  tasks: number
  stale: boolean
  gone: boolean
  no_lineage: string | null
  operator: string | null
  source_url: string | null
  sql: string | null
  source_code: string | null
  code_versions: CodeVersion[]
  parent: JobRef | null
  children: JobItem[]
  upstream_tasks: string[]
  downstream_tasks: string[]
  inputs: DatasetRef[]
  outputs: DatasetRef[]
  input_changes: Change[]
  facets: Record<string, unknown>
}

export interface JobItem {
  id: string
  node: string
  namespace: string
  name: string
  label: string
  kind: string
  dag_id: string | null
  task_id: string | null
  integration: string | null
  processing: string | null
  description: string | null
  schedule: string | null
  owners: Owner[]
  tags: Tag[]
  last_run: Run | null
  recent: ('queued' | 'running' | 'deferred' | 'up_for_retry' | 'success' | 'failed' | 'skipped' | 'upstream_failed' | 'aborted' | 'removed' | 'lost')[]
  p50: number | null
  p95: number | null
  tasks: number
  stale: boolean
  gone: boolean
  no_lineage: string | null
}

export interface JobName {
  namespace: string
  name: string
}

export interface JobRef {
  id: string
  node: string
  namespace: string
  name: string
  label: string
  kind: string
  dag_id: string | null
  task_id: string | null
}

export interface KafkaHealth {
  lag: number | null
  error: string | null
}

export interface Key {
  id: number
  name: string
  state: 'active' | 'expired' | 'revoked'
  roles: ('sender' | 'viewer' | 'editor' | 'operator' | 'admin')[]
  namespaces: string[]
  created_at: string
  expires_at: string | null
  used_at: string | null
  revoked_at: string | null
}

export interface Label {
  name: string
  datasets: number
}

export interface Labels {
  owners: Label[]
  tags: Label[]
}

export interface Lineage {
  nodes: Node[]
  edges: Edge[]
  truncated: number
}

export interface MaintenanceWindow {
  namespace: string | null
  dag: string | null
  dataset: string | null
  starts_at: string
  ends_at: string
  reason: string | null
  created_by: string | null
}

export interface MaintenanceWindows {
  items: StoredWindow[]
}

export interface Namespace {
  namespace: string
  platform: string
  datasets: number
  jobs: number
}

export interface NewDeclarations {
  files: File[]
  source: string
  namespace: string
  prune: boolean
  dry_run: boolean
}

export interface NewExpectation {
  by: string | string[] | null
  days: string | string[] | null
  zone: string | null
  holidays: string | null
  looking_back: string | null
  every: string | null
  within: string | null
  starts_within: string | null
  rows: Rows | null
  note: string | null
  node: string
  author: string | null
}

export interface NewKey {
  name: string
  roles: ('sender' | 'viewer' | 'editor' | 'operator' | 'admin')[]
  namespaces: string[]
  expires_days: number | null
}

export interface Node {
  node: string
  id: string
  kind: 'dataset' | 'job' | 'restricted'
  namespace: string
  name: string
  depth: number
  label: string | null
  job_kind: string | null
  dag_id: string | null
  task_id: string | null
  state: 'queued' | 'running' | 'deferred' | 'up_for_retry' | 'success' | 'failed' | 'skipped' | 'upstream_failed' | 'aborted' | 'removed' | 'lost' | null
  written_at: string | null
}

export interface OtherCause {
  kind: 'failed_run' | 'not_started' | 'slow_run' | 'source_not_updated' | 'schema_change' | 'import_error' | 'silent_source' | 'failed_check' | 'row_count'
  node: string
  run_id: string | null
  at: string
  text: string
}

export interface Outlook {
  node: string
  as_of: string
  standing: 'ok' | 'late' | 'failed' | 'at_risk' | 'unknown'
  late_since: string | null
  root_cause: RootCause | null
  written_at: string | null
  fresh_at: string | null
  expectation: Expectation | null
  eta: Eta | null
  eta_unknown: string | null
}

export interface Overview {
  counts: Record<string, number>
  failing: JobItem[]
  failed_assertions: Assertion[]
  dag_files: JobItem[]
  running: Run[]
  recent_runs: Run[]
  stale: DatasetItem[]
  sources: SourceHealth[]
}

export interface Owner {
  name: string
  type: string | null
}

export interface Page_AuditEntry_ {
  items: AuditEntry[]
  next: string | null
  total: number | null
}

export interface Page_Change_ {
  items: Change[]
  next: string | null
  total: number | null
}

export interface Page_CodeChange_ {
  items: CodeChange[]
  next: string | null
  total: number | null
}

export interface Page_ContractItem_ {
  items: ContractItem[]
  next: string | null
  total: number | null
}

export interface Page_DatasetItem_ {
  items: DatasetItem[]
  next: string | null
  total: number | null
}

export interface Page_DeliveryItem_ {
  items: DeliveryItem[]
  next: string | null
  total: number | null
}

export interface Page_Incident_ {
  items: Incident[]
  next: string | null
  total: number | null
}

export interface Page_JobItem_ {
  items: JobItem[]
  next: string | null
  total: number | null
}

export interface Page_Key_ {
  items: Key[]
  next: string | null
  total: number | null
}

export interface Page_PersonalColumn_ {
  items: PersonalColumn[]
  next: string | null
  total: number | null
}

export interface Page_QuarantineItem_ {
  items: QuarantineItem[]
  next: string | null
  total: number | null
}

export interface Page_ReceivedEvent_ {
  items: ReceivedEvent[]
  next: string | null
  total: number | null
}

export interface Page_Run_ {
  items: Run[]
  next: string | null
  total: number | null
}

export interface Page_SuggestedColumn_ {
  items: SuggestedColumn[]
  next: string | null
  total: number | null
}

export interface Paths {
  paths: string[][]
  nodes: Node[]
  edges: Edge[]
  complete: boolean
}

export interface PersonalColumn {
  dataset: DatasetRef
  column: string
  kind: 'tagged' | 'reached' | 'masked' | 'unknown'
  tags: Tag[]
  owners: Owner[]
  source: DatasetRef | null
}

export interface Problem {
  detail: string
}

export interface PromisedCheck {
  name: string
  column: string
  rule: string
}

export interface PromisedColumn {
  name: string
  type: string | null
  logical: string | null
}

export interface PromisedTable {
  dataset: DatasetRef
  verdict: 'kept' | 'broken' | 'unknown'
  verdicts: Record<string, ContractFinding>
  columns: PromisedColumn[]
  service_levels: Record<string, unknown>[]
  checks: PromisedCheck[]
  rows: Record<string, unknown> | null
  doubtful: string[]
}

export interface ProposedChange {
  change: 'removed' | 'renamed' | 'type' | 'added'
  column: string
  before: string | null
  after: string | null
  breaking: boolean
}

export interface ProposedColumn {
  name: string
  type: string | null
}

export interface ProposedSchema {
  dataset: string
  columns: ProposedColumn[]
  depth: number
}

export interface Quality {
  score: number | null
  text: string
  failed_checks: string | null
  row_count: string | null
}

export interface QuarantineItem {
  event_id: number
  received_at: string
  reason: string
  size: number
  excerpt: string
}

export interface ReceivedEvent {
  id: number
  received_at: string
  event_type: string | null
  event_time: string | null
  size: number
  source: string
  state: 'waiting' | 'absorbed' | 'quarantined'
  reason: string | null
  job: JobName | null
  run_id: string | null
}

export interface Reliability {
  since: string
  until: string
  by: 'dataset' | 'dag' | 'owner'
  items: ReliabilityItem[]
  next: string | null
}

export interface ReliabilityItem {
  name: string
  label: string
  promises: number
  kept: number
  kept_share: number | null
  runs: number
  succeeded: number
  success_share: number | null
  incidents: number
  time_to_detect: number | null
  time_to_resolve: number | null
  datasets: number
  datasets_left_out: number
}

export interface Removed {
  removed: number
}

export interface Replayed {
  waiting: number
}

export interface Retried {
  retried: number
}

export interface Rhythm {
  usual: number
  expected: number
  expected_by: string
  gaps: number
  text: string
}

export interface RootCause {
  kind: 'failed_run' | 'not_started' | 'slow_run' | 'source_not_updated' | 'schema_change' | 'import_error' | 'silent_source' | 'failed_check' | 'row_count'
  node: string
  run_id: string | null
  at: string
  text: string
  path: string[]
  steps: Step[]
  error: string | null
  failures: number
  evidence: Evidence[]
  others: OtherCause[]
}

export interface RootCauseAnswer {
  node: string
  as_of: string
  standing: 'ok' | 'late' | 'failed' | 'at_risk' | 'unknown'
  late_since: string | null
  root_cause: RootCause | null
}

export interface Rotation {
  overlap_hours: number
}

export interface Route {
  source: string
  target: string
  kind: string
  first_at: string
  last_at: string
  run_id: string | null
  known: 'observed' | 'declared'
  points: [number, number][]
  jobs: Through[]
  personal: boolean
}

export interface Rows {
  at_least: number | null
  at_most: number | null
}

export interface Run {
  run_id: string
  id: string
  kind: string
  job: JobName
  label: string
  dag_id: string | null
  dag_run_id: string | null
  task_id: string | null
  map_index: number | null
  try_number: number | null
  state: 'queued' | 'running' | 'deferred' | 'up_for_retry' | 'success' | 'failed' | 'skipped' | 'upstream_failed' | 'aborted' | 'removed' | 'lost'
  queued_at: string | null
  started_at: string | null
  ended_at: string | null
  duration: number | null
  nominal_start_at: string | null
  nominal_end_at: string | null
  error: string | null
  failed_assertions: number
  url: string | null
}

export interface RunDataset {
  dataset: DatasetRef
  role: 'input' | 'output'
  row_count: number | null
  byte_count: number | null
  file_count: number | null
  facets: Record<string, unknown>
}

export interface RunDetail {
  run_id: string
  id: string
  kind: string
  job: JobName
  label: string
  dag_id: string | null
  dag_run_id: string | null
  task_id: string | null
  map_index: number | null
  try_number: number | null
  state: 'queued' | 'running' | 'deferred' | 'up_for_retry' | 'success' | 'failed' | 'skipped' | 'upstream_failed' | 'aborted' | 'removed' | 'lost'
  queued_at: string | null
  started_at: string | null
  ended_at: string | null
  duration: number | null
  nominal_start_at: string | null
  nominal_end_at: string | null
  error: string | null
  failed_assertions: number
  url: string | null
  max_tries: number | null
  run_type: string | null
  triggered_by: string | null
  operator: string | null
  pool: string | null
  queue: string | null
  engine: string | null
  error_text: ErrorText | null
  parent: Run | null
  children: Run[]
  critical_path: CriticalPath | null
  tries: Run[]
  datasets: RunDataset[]
  assertions: Assertion[]
  events: EventSummary[]
  facts: Record<string, unknown>
  left_out: string[]
}

export interface SchemaChange {
  change: 'added' | 'removed' | 'type'
  column: string
  before: string | null
  after: string | null
  breaking: boolean
}

export interface SchemaCheck {
  dataset: string
  safe: boolean
  changes: ProposedChange[]
  uses: Use[]
  unknown: Use[]
  truncated: number
  owners: string[]
  kinds: Record<string, number>
  complete: boolean
}

export interface SchemaField {
  name: string
  type: string | null
  description: string | null
}

export interface SchemaOf {
  asked: string
  dataset: DatasetRef
  columns: SchemaField[]
  whole: boolean
}

export interface SchemaVersion {
  version: number
  first_at: string
  last_at: string
  run: Run | null
  fields: SchemaField[]
  changes: SchemaChange[]
}

export interface Schemas {
  items: SchemaOf[]
}

export interface Secret {
  name: string
  key: string
}

export interface Setting {
  name: string
  before: string | null
  after: string | null
  jobs: string[]
}

export interface SinkHealth {
  name: string
  kind: string
  waiting: number
  rejected: number
  in_sync: number
  oldest_waiting_at: string | null
  last_error: string | null
}

export interface SourceHealth {
  namespace: string
  integration: string | null
  last_event_at: string
  jobs: number
  silent_since: string | null
}

export interface Stated {
  node: string
  kind: 'by' | 'every' | 'within' | 'rows'
  source: 'person' | 'file' | 'contract' | 'dbt' | 'airflow' | 'schedule' | 'learned'
  text: string
  wins: boolean
  expected_by: string | null
  origin: string | null
  since: string | null
  stated: Statement | null
}

export interface Statement {
  by: string | string[] | null
  days: string | string[] | null
  zone: string | null
  holidays: string | null
  looking_back: string | null
  every: string | null
  within: string | null
  starts_within: string | null
  rows: Rows | null
  note: string | null
}

export interface Step {
  node: string
  label: string
  kind: 'dataset' | 'job'
  state: 'queued' | 'running' | 'deferred' | 'up_for_retry' | 'success' | 'failed' | 'skipped' | 'upstream_failed' | 'aborted' | 'removed' | 'lost' | 'late' | null
}

export interface StoredWindow {
  namespace: string | null
  dag: string | null
  dataset: string | null
  starts_at: string
  ends_at: string
  reason: string | null
  created_by: string | null
  id: number | null
}

export interface SuggestedColumn {
  dataset: DatasetRef
  column: string
  type: string | null
  tag: string
  kind: 'tagged' | 'reached' | 'masked' | null
}

export interface Tag {
  key: string
  value: string | null
  source: string | null
  field: string | null
}

export interface TaskComparison {
  name: string
  map_index: number | null
  run: Run | null
  good: Run | null
  slower: number | null
}

export interface Through {
  node: string
  id: string
  label: string
  state: 'queued' | 'running' | 'deferred' | 'up_for_retry' | 'success' | 'failed' | 'skipped' | 'upstream_failed' | 'aborted' | 'removed' | 'lost' | null
  ended_at: string | null
  error: string | null
}

export interface TimelineEntry {
  at: string
  what: string
  by: string | null
  text: string | null
}

export interface ToForget {
  nodes: string[]
  dry_run: boolean
}

export interface Trouble {
  dataset: DatasetItem
  standing: 'failed' | 'late' | 'at_risk'
  cause: Run | null
  level: number
  root_cause: RootCause | null
  rhythm: Rhythm | null
  late_since: string | null
}

export interface Use {
  kind: 'dataset' | 'job'
  id: string
  node: string
  namespace: string
  name: string
  job_kind: string | null
  dag_id: string | null
  task_id: string | null
  dataset_kind: string | null
  level: number
  path: string[]
  certain: boolean
  owners: Owner[]
  state: 'queued' | 'running' | 'deferred' | 'up_for_retry' | 'success' | 'failed' | 'skipped' | 'upstream_failed' | 'aborted' | 'removed' | 'lost' | null
  written_at: string | null
  columns: string[]
  uses: string
}

export interface Who {
  name: string
  method: string
  roles: string[]
  namespaces: string[]
}

export interface Write {
  at: string
  run: Run | null
  row_count: number | null
}
