import ClusterModel
import Failures
import ImageSets
import Retries
import Testing

@Suite struct RetryPolicyTests {
    @Test func growsToItsCapAndNoFurther() {
        let policy = RetryPolicy()
        var random = SeededGenerator(seed: 1)
        for failures in [1, 2, 3, 7, 40, Int.max] {
            let ceiling = min(300, 5 * Double(UInt64(1) << UInt64(min(failures - 1, 10))))
            var longest = 0.0
            for _ in 0..<2000 {
                let delay = policy.delay(afterFailures: failures, reason: .network, using: &random)
                #expect(delay >= 0.5 && delay <= ceiling)
                longest = max(longest, delay)
            }
            #expect(longest > ceiling * 0.9, "full jitter uses the whole range")
        }
    }

    @Test func permanentReasonsWaitLong() {
        var random = SeededGenerator(seed: 2)
        for reason in FailureReason.allCases where reason.isPermanent {
            let delay = RetryPolicy().delay(afterFailures: 1, reason: reason, using: &random)
            #expect((540...660).contains(delay))
        }
    }
}
