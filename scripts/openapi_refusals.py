# A check for schemathesis, beside its own ones. The document can't say that since must come before until, at before now,
# that a cursor's row must be there still, nor how label selectors, image references and names of nodes are written, nor how
# many bytes a text has (it counts characters) and which of Unicode's characters control something, so openapi-check lets 400
# pass for questions that are as documented; here it passes for those reasons alone.
import schemathesis

REASONS = {f"urn:image-puller:problem:{word}" for word in ("future", "range-backwards", "cursor-gone", "prefetch-unreadable")}
DETAILS = ("It takes a label selector", "It has control characters, or more than ")


@schemathesis.check
def only_what_cannot_be_documented_is_refused(ctx, response, case):
    if response.status_code == 400 and case.meta is not None and case.meta.generation.mode.is_positive:
        problem = response.json()
        is_meant = problem["type"] in REASONS or problem["detail"].startswith(DETAILS)
        assert is_meant, f"a question as documented was refused: {problem['detail']}"
