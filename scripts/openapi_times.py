# A check for schemathesis, beside its own ones. The document can't say that since must come before until, and at before
# now, so openapi-check lets 400 pass for questions that are as documented; here it passes for those two reasons alone.
import schemathesis

REASONS = {"urn:image-puller:problem:future", "urn:image-puller:problem:range-backwards"}


@schemathesis.check
def only_times_are_refused(ctx, response, case):
    if response.status_code == 400 and case.meta is not None and case.meta.generation.mode.is_positive:
        problem = response.json()
        assert problem["type"] in REASONS, f"a question as documented was refused: {problem['detail']}"
