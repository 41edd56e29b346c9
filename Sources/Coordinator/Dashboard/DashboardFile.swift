import Crypto

/// One file of the dashboard, as it is served.
struct DashboardFile: Sendable {
    var name: String
    var bytes: [UInt8]
    /// A strong entity tag.
    var tag: String

    init(_ name: String, _ bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
        let digest = SHA256.hash(data: bytes).prefix(12)
        let hexadecimal = digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
        tag = "\"\(hexadecimal.joined())\""
    }

    var contentType: String {
        switch name.split(separator: ".").last {
        case "html": "text/html; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "js": "text/javascript; charset=utf-8"
        case "svg": "image/svg+xml"
        default: "application/octet-stream"
        }
    }

    /// All of them, by name; they are part of the program.
    static let all: [String: DashboardFile] = {
        typealias Page = PackageResources
        let files = [
            DashboardFile("address.js", Page.address_js), DashboardFile("api.js", Page.api_js),
            DashboardFile("attempts.js", Page.attempts_js), DashboardFile("causes.js", Page.causes_js),
            DashboardFile("chart.js", Page.chart_js), DashboardFile("dom.js", Page.dom_js),
            DashboardFile("early.js", Page.early_js),
            DashboardFile("failing.js", Page.failing_js), DashboardFile("favicon.svg", Page.favicon_svg),
            DashboardFile("folded-list.js", Page.folded_list_js), DashboardFile("format.js", Page.format_js),
            DashboardFile("heatmap-geometry.js", Page.heatmap_geometry_js),
            DashboardFile("heatmap-paint.js", Page.heatmap_paint_js), DashboardFile("heatmap.js", Page.heatmap_js),
            DashboardFile("image-facts.js", Page.image_facts_js), DashboardFile("image-view.js", Page.image_view_js),
            DashboardFile("images.js", Page.images_js), DashboardFile("index.html", Page.index_html),
            DashboardFile("later.js", Page.later_js),
            DashboardFile("live.js", Page.live_js), DashboardFile("main.js", Page.main_js),
            DashboardFile("marks.js", Page.marks_js), DashboardFile("matrix.js", Page.matrix_js),
            DashboardFile("node-table.js", Page.node_table_js), DashboardFile("node-view.js", Page.node_view_js),
            DashboardFile("order.js", Page.order_js), DashboardFile("panel.js", Page.panel_js),
            DashboardFile("past.js", Page.past_js), DashboardFile("prefetches.js", Page.prefetches_js),
            DashboardFile("revisions.js", Page.revisions_js),
            DashboardFile("states.js", Page.states_js),
            DashboardFile("status.js", Page.status_js), DashboardFile("style.css", Page.style_css),
            DashboardFile("summary.js", Page.summary_js), DashboardFile("theme-switch.js", Page.theme_switch_js),
        ]
        return Dictionary(files.map { ($0.name, $0) }) { first, _ in first }
    }()
}
