/// Every metric that the coordinator has. What isn't here isn't exported, whoever records it.
///
/// No family has series by node and image: their number is bounded by images plus registries plus image sets. The one by
/// node is left out in big clusters (see ``CoverageMetrics/maximumNodes``).
package enum MetricCatalogue {
    static let all = recorded + Coverage.all + State.all + Process.all

    /// Recorded as it happens, through swift-metrics.
    package static let recorded = [
        attempts, pullDuration, pullSize, nodeWarming, edits, reports, reportCuts, reportDuration, longestHold,
        requests, watchRestarts,
        planning, notifications, kubernetesEvents, accessRefused, droppedSeries,
    ]

    package static let attempts = MetricSpec(
        "image_puller_attempts_total", .counter,
        "Finished attempts to pull an image, by registry, outcome and reason of the failure.")
    package static let pullDuration = MetricSpec(
        "image_puller_pull_duration_seconds", .histogram(bounds: [0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800]),
        "Time that pulls took that brought an image, by registry.")
    package static let pullSize = MetricSpec(
        "image_puller_pull_size_bytes",
        .histogram(bounds: [1e6, 1e7, 5e7, 1e8, 2.5e8, 5e8, 1e9, 2.5e9, 5e9, 1e10]),
        "Size of successfully pulled images as the runtime reports it, by registry.")
    package static let nodeWarming = MetricSpec(
        "image_puller_node_warm_duration_seconds",
        .histogram(bounds: [5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200]),
        "Time from a node's first missing image until it had all of them.")
    package static let edits = MetricSpec(
        "image_puller_configuration_edits_total", .counter,
        "Edits of the ConfigMap by what became of them: accepted or rejected.")
    package static let reports = MetricSpec(
        "image_puller_reports_total", .counter, "Reports of agents by result: accepted or refused.")
    package static let reportCuts = MetricSpec(
        "image_puller_report_cuts_total", .counter,
        "Parts of agents' reports that were left out, by what they were: names, texts or numbers that can't be true, "
            + "attempts that nobody ordered, or changes that come too often to be written down.")
    package static let longestHold = MetricSpec(
        "image_puller_report_longest_hold_seconds", .gauge,
        "The longest processor time that one report has taken, while everything else waited for it, since the start.")
    package static let droppedSeries = MetricSpec(
        "image_puller_metric_series_dropped_total", .counter,
        "Recordings that weren't kept because their metric has its 1,000 series already, by metric.")
    package static let reportDuration = MetricSpec(
        "image_puller_report_ingestion_duration_seconds",
        .histogram(bounds: [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5]),
        "Time from a report's arrival until it was taken in and its attempts were stored.")
    package static let requests = MetricSpec(
        "image_puller_kubernetes_requests_total", .counter,
        "Requests to the Kubernetes API by verb and HTTP status; the code is error when no answer came.")
    package static let watchRestarts = MetricSpec(
        "image_puller_kubernetes_watch_restarts_total", .counter,
        "Watches of the Kubernetes API that were opened again, by resource.")
    package static let planning = MetricSpec(
        "image_puller_plan_duration_seconds",
        .histogram(bounds: [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5]), "Time that a plan took.")
    package static let notifications = MetricSpec(
        "image_puller_alert_notifications_total", .counter,
        "Requests to ALERT_WEBHOOK_URL by outcome: succeeded or failed.")
    package static let kubernetesEvents = MetricSpec(
        "image_puller_kubernetes_events_total", .counter,
        "Kubernetes Events by what became of them: written, dropped (too many) or failed.")
    package static let accessRefused = MetricSpec(
        "image_puller_access_refused_total", .counter,
        "Requests on port 8443 that were refused: of agents or API clients (readers), with the reason and the HTTP status."
    )

    /// Computed from the control loop's snapshot at each scrape.
    package enum Coverage {
        static let all = [
            images, target, present, held, pulling, failed, missing, unknown, failing, overdue, versions, nodes,
            covered, silent, standby, nodeMissing, deviating, imageDeviating, deviatingNodes, retries, pulls, circuits,
            loops,
            alertAfter, reportInterval, setNodes, setCells, setPresent, setHeld, setFailed, setUnknown,
            imageSets,
        ]

        package static let images = MetricSpec(
            "image_puller_image_info", .info, "The image entries in force with their references.")
        package static let target = MetricSpec(
            "image_puller_image_target_nodes", .gauge, "Nodes that are to have the image.")
        package static let present = MetricSpec(
            "image_puller_image_present_nodes", .gauge, "Nodes that have the whole image, held or not.")
        package static let held = MetricSpec(
            "image_puller_image_held_nodes", .gauge,
            "Nodes where a container uses the image, so that garbage collection leaves it alone.")
        package static let pulling = MetricSpec(
            "image_puller_image_pulling_nodes", .gauge, "Nodes that pull the image now.")
        package static let failed = MetricSpec(
            "image_puller_image_failed_nodes", .gauge, "Nodes whose last attempt failed and that will try again.")
        package static let missing = MetricSpec(
            "image_puller_image_missing_nodes", .gauge, "Nodes that lack the image and haven't tried to pull it.")
        package static let unknown = MetricSpec(
            "image_puller_image_unknown_nodes", .gauge,
            "Nodes whose report is too old to say whether they have the image.")
        package static let failing = MetricSpec(
            "image_puller_image_failing_nodes", .gauge,
            "Nodes whose last attempt failed, by reason; permanent is true where somebody has to change something. "
                + "Without a series: none.")
        package static let overdue = MetricSpec(
            "image_puller_image_overdue_nodes", .gauge,
            "Nodes that have lacked the image for longer than ALERT_AFTER_SECONDS, by reason, their own or that of the nodes "
                + "and registries that they wait for (pending: no attempt has failed; refused: it is present, and the kubelet lets no container use it). "
                + "Nodes whose report is too old aren't counted. Without a series: none."
        )
        package static let versions = MetricSpec(
            "image_puller_image_versions", .gauge,
            "Different images that nodes of one platform have under the reference; more than 1: a tag moved.")
        package static let nodes = MetricSpec("image_puller_target_nodes", .gauge, "Nodes that are to have the images.")
        package static let covered = MetricSpec(
            "image_puller_covered_nodes", .gauge, "Target nodes that have every image.")
        package static let silent = MetricSpec(
            "image_puller_silent_nodes", .gauge,
            "Target nodes without a recent report of their agent, by whether Kubernetes says that they are ready.")
        package static let standby = MetricSpec(
            "image_puller_standby_agents", .gauge,
            "Agents that stand by on nodes that have several, each of which takes over when the one that works goes.")
        package static let nodeMissing = MetricSpec(
            "image_puller_node_missing_images", .gauge,
            "Images that the node lacks. Left out while it is unknown, and in clusters of more than 500 nodes.")
        package static let deviating = MetricSpec(
            "image_puller_node_deviating_images", .gauge,
            "Images that the node fails to pull, by reason, while other nodes have them: its mirror (named where a message "
                + "names it), proxy, credentials or store is to blame. Of 100 nodes at most. Without a series: none.")
        package static let imageDeviating = MetricSpec(
            "image_puller_image_deviating_nodes", .gauge,
            "Nodes that fail to pull the image, or whose pull doesn't end, while other nodes have it: these nodes are to blame. "
                + "Without a series: none.")
        package static let deviatingNodes = MetricSpec(
            "image_puller_deviating_nodes", .gauge,
            "Nodes that fail to pull an image which other nodes have, or that are passed over for that when images are tried."
        )
        package static let retries = MetricSpec(
            "image_puller_retries_waiting", .gauge, "Failed pulls that wait for their next attempt, by registry.")
        package static let pulls = MetricSpec(
            "image_puller_pulls_running", .gauge, "Pulls that were assigned to agents and that run, by registry.")
        package static let circuits = MetricSpec(
            "image_puller_registry_circuit_open", .gauge,
            "1 while a registry fails on many nodes and is only probed, else 0.")
        package static let loops = MetricSpec(
            "image_puller_loops", .gauge,
            "What was repeated more than three times within an hour without a change of what is there: nodes whose pod was "
                + "replaced (replacement), images asked for on a node (refresh). More than 0 is a fault of the program's."
        )
        package static let setNodes = MetricSpec(
            "image_puller_set_target_nodes", .gauge,
            "Nodes that the image set is for. Of default and of the 50 oldest others that are held; "
                + "(others) is the sum of those beyond, (prefetches) that of all prefetches.")
        package static let imageSets = MetricSpec(
            "image_puller_image_set_info", .info,
            "The image sets that list the image, as image_puller_set_target_nodes names them.")
        package static let setCells = MetricSpec(
            "image_puller_set_target_cells", .gauge, "Images times nodes that the image set wants.")
        package static let setPresent = MetricSpec(
            "image_puller_set_present_cells", .gauge,
            "Those of them where the node has the whole image, held or not: divided by the target cells, the set's coverage."
        )
        package static let setHeld = MetricSpec(
            "image_puller_set_held_cells", .gauge, "Those of them where a container uses the image.")
        package static let setFailed = MetricSpec(
            "image_puller_set_failed_cells", .gauge, "Those of them where the last attempt failed.")
        package static let setUnknown = MetricSpec(
            "image_puller_set_unknown_cells", .gauge, "Those of them of which the node's report is too old to say.")
        package static let alertAfter = MetricSpec(
            "image_puller_alert_after_seconds", .gauge, "ALERT_AFTER_SECONDS of the revision in force.")
        package static let reportInterval = MetricSpec(
            "image_puller_report_interval_seconds", .gauge,
            "How often an agent says at least that nothing changed: after three times that its node is silent.")
    }

    /// The coordinator's own state.
    package enum State {
        static let all = [
            revision, isAccepted, findings, leader, historyWriting, historyCommits, historyErrors, historyDropped,
            historySize,
            build, view,
        ]

        package static let revision = MetricSpec(
            "image_puller_configuration_revision", .gauge, "The number of the revision in force; 0 before the first.")
        package static let isAccepted = MetricSpec(
            "image_puller_configuration_accepted", .gauge,
            "1 while the ConfigMap as it stands is the revision in force, 0 while it was rejected.")
        package static let findings = MetricSpec(
            "image_puller_configuration_findings", .gauge,
            "What was found in the ConfigMap as it stands, by severity: error (has no effect), warning or info.")
        package static let leader = MetricSpec("image_puller_leader", .gauge, "1 while this coordinator leads, else 0.")
        package static let historyWriting = MetricSpec(
            "image_puller_history_writing", .gauge, "1 while history is written, 0 while it can't be.")
        package static let historyCommits = MetricSpec(
            "image_puller_history_commits_total", .counter, "Committed transactions of the history.")
        package static let historyErrors = MetricSpec(
            "image_puller_history_errors_total", .counter,
            "Failed transactions of the history and failed tries to open its file.")
        package static let historyDropped = MetricSpec(
            "image_puller_history_dropped_writes_total", .counter, "Writes that the history dropped.")
        package static let historySize = MetricSpec(
            "image_puller_history_size_bytes", .gauge, "Size of the history's database and its log on disk.")
        package static let build = MetricSpec(
            "image_puller_build_info", .info, "The version of the coordinator and the commit that it was built from.")
        package static let view = MetricSpec(
            "image_puller_view_info", .info, "Where people reach the dashboard, when --external-url says so.")
    }

    /// Of the process, by their customary names.
    enum Process {
        static let all = [cpu, resident, virtual, openFiles, maximumFiles, start, threads]

        static let cpu = MetricSpec(
            "process_cpu_seconds_total", .counter, "Total user and system CPU time spent in seconds.")
        static let resident = MetricSpec("process_resident_memory_bytes", .gauge, "Resident memory size in bytes.")
        static let virtual = MetricSpec("process_virtual_memory_bytes", .gauge, "Virtual memory size in bytes.")
        static let openFiles = MetricSpec("process_open_fds", .gauge, "Number of open file descriptors.")
        static let maximumFiles = MetricSpec(
            "process_max_fds", .gauge, "Maximum number of open file descriptors.")
        static let start = MetricSpec(
            "process_start_time_seconds", .gauge, "Start time of the process since unix epoch in seconds.")
        static let threads = MetricSpec("process_threads", .gauge, "Number of OS threads in the process.")
    }
}
