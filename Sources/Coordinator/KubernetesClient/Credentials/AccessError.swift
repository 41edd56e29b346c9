/// Why we can't tell where the API server is or who we are there. Names file and context, never a credential.
package struct AccessError: Error, Sendable, Hashable, CustomStringConvertible {
    /// `kubeconfig "/root/.kube/config", context "admin"`.
    let place: String
    /// What is wrong, and what to do.
    let problem: String

    init(_ place: String, _ problem: String) {
        self.place = place
        self.problem = problem
    }

    package var description: String { "\(place): \(problem)" }
}
