/// Max-min fair rates by progressive filling: all rates grow together; whoever meets a full link stays there, the
/// others grow on.
enum FairShares {
    /// - Parameters:
    ///   - paths: for each transfer the links that it crosses.
    ///   - capacities: of the links, bytes a second.
    /// - Returns: bytes a second for each transfer.
    static func rates(of paths: [[TransferModel.Link]], capacities: [Double]) -> [Double] {
        var rates = [Double](repeating: 0, count: paths.count)
        var left = capacities
        var users = [Int](repeating: 0, count: capacities.count)
        var links: [Int] = []
        for path in paths {
            for link in path {
                if users[link.index] == 0 { links.append(link.index) }
                users[link.index] += 1
            }
        }
        var growing = Array(paths.indices)
        while !growing.isEmpty {
            var share = Double.infinity
            for link in links where users[link] > 0 { share = min(share, max(0, left[link]) / Double(users[link])) }
            guard share.isFinite else { break }
            // A hair's breadth above, so that links which are equally full are treated as such.
            let limit = share * (1 + 1e-9)
            let isFull = links.reduce(into: [Int: Bool]()) { full, link in
                full[link] = users[link] > 0 && max(0, left[link]) / Double(users[link]) <= limit
            }
            var still: [Int] = []
            for index in growing {
                guard paths[index].contains(where: { isFull[$0.index] == true }) else {
                    still.append(index)
                    continue
                }
                rates[index] = share
                for link in paths[index] {
                    left[link.index] -= share
                    users[link.index] -= 1
                }
            }
            growing = still
        }
        return rates
    }
}
