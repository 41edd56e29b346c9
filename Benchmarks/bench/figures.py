"""The figures: their units, their bounds, and how they are told."""

import math
import sys
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """A figure's unit and its bound: the largest value that it may have, or the smallest where more is better. Without one
    it is measured for comparison."""

    unit: str
    bound: float = math.inf
    more_is_better: bool = False


FIGURES = {
    "sleep_bytes": Figure("bytes", 1024),
    "sleep_rss_kb": Figure("kB", 16),
    "agent_binary_mb": Figure("MB", 20),
    "agent_pss_mb": Figure("MB", 18),
    # Alone in its container.
    "agent_alone_pss_mb": Figure("MB", 12),
    "agent_anonymous_mb": Figure("MB", 3),
    "agent_cpu_ms_per_s": Figure("ms/s", 2),
    "cold_start_over_cri": Figure("ratio", 1.5),
    "configmap_to_daemonset_p50_ms": Figure("ms", 500),
    "configmap_to_daemonset_p99_ms": Figure("ms", 2000),
    # One report interval, at its default of 10 s, plus one second.
    "deletion_to_reported_s": Figure("s", 11),
    # After it was reported.
    "deletion_to_present_s": Figure("s", 1),
    "rotation_failed_reports": Figure("reports", 0),
    # One image added to a running list, 20 nodes: from the edit until all is held, over the commit that baseline.py names.
    "edit_to_held_ratio": Figure("ratio", 0.4),
    "edit_to_held_s": Figure("s"),
    "edit_to_held_before_s": Figure("s"),
    # 200 MB on two nodes, over bare CRI pulls at once.
    "large_over_bare": Figure("ratio", 1.15),
    # From the push of a tag that failed for six minutes, at the worst moment; until one node has it, until all have.
    "late_reference_s": Figure("s", 35),
    "late_reference_first_s": Figure("s"),
    "rollout_worst_unheld_over_limit": Figure("ratio", 1),
    "bad_reference_requests_ratio": Figure("ratio", 0.03),
    # Of a thousand; the busy machine's share.
    "late_answers": Figure("answers", 5),
    "hostile_query_ratio": Figure("ratio", 3),
    "hostile_memory_ratio": Figure("ratio", 1.3),
    "longest_hold_ms": Figure("ms", 50),
    "late_answers_before": Figure("answers"),
    # Medians of calls in turns, from the process's start to its end: ours over kubectl's.
    "cli_latency_ratio": Figure("ratio", 1.0),
    # First useful paint, over that of the page of the commit that baseline.py names.
    "paint_ratio": Figure("ratio", 1.0),
    "page_kb": Figure("kB", 150),
    "flaky_bytes_over_size": Figure("ratio", 1.3),
    "flaky_bytes_over_size_before": Figure("ratio"),
    "flaky_time_ratio": Figure("ratio", 0.5),
    "sick_node_makespan_ratio": Figure("ratio", 1.1),
    "token_outage_recovery_s": Figure("s", 15),
    "token_outage_pull_pods": Figure("pods", 0),
    "mixed_idle_replacements": Figure("pods", 0),
    # Pulls for each reference, platform and CACHING_INTERVAL_HOURS.
    "mixed_idle_requests_over_due": Figure("ratio", 1),
    "rename_replacements": Figure("pods", 0),
    # One image added to ten: container-seconds in which another isn't held, over the commit that baseline.py names.
    "unheld_ratio": Figure("ratio", 0.5),
    "unheld_s": Figure("s"),
    "unheld_before_s": Figure("s"),
    # Of `make bench-build`.
    "clean_build_ratio": Figure("ratio", 0.9),
    "edit_test_ratio": Figure("ratio", 0.25),
    "edit_planning_ratio": Figure("ratio", 0.6),
    "test_run_ratio": Figure("ratio", 0.6),
    "messages_right_percent": Figure("percent", 96, more_is_better=True),
    # The worst of several: from SIGKILL of a node's working agent to the first full report of the one that stood by.
    "standby_takeover_s": Figure("s", 3),
    "standby_anonymous_mb": Figure("MB", 2),
    # A plan of five sets of 20 images with nothing to do, over one of a set of 100, on 5,000 nodes.
    "plan_sets_ratio": Figure("ratio", 1.5),
    # The report by set of those five, written as JSON; of 100 times.
    "coverage_sets_p99_ms": Figure("ms", 20),
    # One image of 12 MB on three nodes: from the command to its exit, over one bare CRI pull.
    "prefetch_over_cri": Figure("ratio", 3),
    # From the creation of a KubernetesImagePuller object to its DaemonSet.
    "object_to_daemonset_p99_ms": Figure("ms", 2000),
    # Of five objects, in an hour in which nothing happens.
    "idle_status_writes": Figure("writes", 0),
}


def progress(text: str) -> None:
    """Tells a person who waits."""
    print(f"    {text}", file=sys.stderr, flush=True)


@dataclass
class Results:
    """What has been measured so far."""

    missed: list[str] = field(default_factory=list)

    def give(self, name: str, value: float) -> None:
        """Prints a figure, and remembers it when it misses its bound."""
        figure = FIGURES[name]
        text = str(value) if isinstance(value, int) else f"{value:.3f}"
        print(f"{name} {text} {figure.unit}", flush=True)
        if value < figure.bound if figure.more_is_better else value > figure.bound:
            self.missed.append(f"{name} is {text} {figure.unit}, the bound is {figure.bound:g}")


def percentile(values: list[float], share: float) -> float:
    """The nearest-rank percentile: a value that was measured, never one between two."""
    ordered = sorted(values)
    return ordered[max(0, -int(-len(ordered) * share // 1) - 1)]
