import Foundation
import ImageSets
import Planning
import Shared
import Testing

@testable import Control
@testable import ControlFixtures
@testable import Coordinator
@testable import Formatting
@testable import Reporting
@testable import ServerFixtures
@testable import TestBasics

@Suite("What kubectl's users expect of the built program") struct KubectlHabitTests {
    private static func live(_ body: @escaping @Sendable (String) async throws -> Void) async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start(images: ["web=nginx", "db=redis"])
            try await coordinator.stage.send("n1", 1) { $0.full.images = [.listed("nginx")] }
            try await body(coordinator.local)
        }
    }

    @Test("-o yaml, wide and name; names go where kubectl takes them")
    func outputs() async throws {
        try await Self.live { server in
            let yaml = try await BuiltProgram.coordinator("coverage", "-o", "yaml", "--server", server)
            #expect(yaml.status == 0 && yaml.output.contains("grouping: image\n"), "\(yaml)")
            let wide = try await BuiltProgram.coordinator("images", "-o", "wide", "--server", server)
            #expect(wide.status == 0 && wide.output.contains("REASONS"), "\(wide)")
            let images = try await BuiltProgram.coordinator("images", "-o", "name", "--server", server)
            #expect(images.output == "image/web\nimage/db\n", "\(images)")
            let nodes = try await BuiltProgram.coordinator("nodes", "-o", "name", "--server", server)
            #expect(nodes.output == "node/n1\n", "\(nodes)")
            let node = try await BuiltProgram.coordinator("node", "node/n1", "-o", "name", "--server", server)
            #expect(node.output == "node/n1\n" && node.status == 1, "\(node)")
            // Changes have no names: what isn't accepted isn't offered either.
            for command in ["history", "attempts", "revisions", "suggest", "plan"] {
                let none = try await BuiltProgram.coordinator(command, "-o", "name", "--server", server)
                #expect(none.status == 64 && none.errors.contains("'name' is invalid for '-o <output>'"), "\(none)")
                let help = try await BuiltProgram.coordinator(command, "--help")
                #expect(!help.output.contains("csv, name") && help.output.contains("yaml, csv"), "\(help)")
            }
        }
    }

    @Test("Numbers in YAML are written as in JSON, and what only looks like a number is a text")
    func numbers() throws {
        struct Sample: Encodable {
            var age = 1.25
            var bytes = Int64.max
            var list = ["7", "a\nb"]
            var none: Int?
            var percent = 83.33
            var time = "2026-11-23T01:02:03Z"
            var whole = true

            func encode(to encoder: any Encoder) throws {
                var fields = encoder.container(keyedBy: CodingKeys.self)
                try fields.encode(age, forKey: .age)
                try fields.encode(bytes, forKey: .bytes)
                try fields.encode(list, forKey: .list)
                try fields.encode(none, forKey: .none)
                try fields.encode(percent, forKey: .percent)
                try fields.encode(time, forKey: .time)
                try fields.encode(whole, forKey: .whole)
            }
            enum CodingKeys: CodingKey { case age, bytes, list, none, percent, time, whole }
        }
        let yaml = try PrintOptions.yaml(Sample())
        #expect(
            yaml == """
                age: 1.25
                bytes: 9223372036854775807
                list:
                - '7'
                - |-
                  a
                  b
                none: null
                percent: 83.33
                time: '2026-11-23T01:02:03Z'
                whole: true

                """)
    }

    @Test(
        "What -o name prints is taken as a name",
        arguments: [
            ("image/web", "web"), ("image/prefetch-a1/web", "prefetch-a1/web"),
            ("image/registry.example.com/team/web:1", "registry.example.com/team/web:1"),
            // Docker Hub can have these.
            ("image/web:1", "image/web:1"), ("image/web@sha256:0", "image/web@sha256:0"), ("image/", "image/"),
            ("web", "web"),
        ])
    func bareNames(_ written: String, _ name: String) {
        #expect(QueryText.bare(written, "image") == name)
    }

    @Test("A token for an address in the clear is a wrong option")
    func tokenInTheClear() async throws {
        let told = try await BuiltProgram.coordinator(
            "coverage", "--token-file", "/dev/null", "--server", "http://127.0.0.1:1")
        #expect(
            told.status == 64 && told.errors.hasPrefix("error: --token-file is only for an https address"), "\(told)")
    }

    @Test("A selector chooses nodes; one that can't be read is told before anybody is asked")
    func selector() async throws {
        try await Self.live { server in
            let none = try await BuiltProgram.coordinator("nodes", "-l", "pool=x", "--server", server)
            #expect(none.status == 0 && none.output.contains("No target node has labels that match pool=x."), "\(none)")
            let all = try await BuiltProgram.coordinator("nodes", "--selector", "!nobody-has-this", "--server", server)
            #expect(all.output.contains("\nn1 "), "\(all)")
            let wrong = try await BuiltProgram.coordinator("nodes", "-l", "pool in x", "--server", server)
            #expect(wrong.status == 64 && wrong.errors.contains("no label selector"), "\(wrong)")
        }
    }

    @Test("The wrong word is named, with what was probably meant")
    func words() async throws {
        let wrong = try await BuiltProgram.coordinator("covrage", "--server", "http://127.0.0.1:1")
        #expect(wrong.status == 64)
        #expect(wrong.errors.hasPrefix("error: 'covrage' is no subcommand of coordinator. Did you mean \"coverage\"?"))
        let nested = try await BuiltProgram.coordinator("config", "chek", "x")
        #expect(nested.status == 64 && nested.errors.contains("'chek' is no subcommand of coordinator config."))
        let help = try await BuiltProgram.coordinator("help", "covrage")
        #expect(help.status == 64 && help.output.isEmpty)
        #expect(help.errors.hasPrefix("error: 'covrage' is no subcommand of coordinator. Did you mean \"coverage\"?"))
        let nestedHelp = try await BuiltProgram.coordinator("help", "config", "chek")
        #expect(nestedHelp.status == 64 && nestedHelp.errors.contains("Did you mean \"check\"?"), "\(nestedHelp)")
        let beyond = try await BuiltProgram.coordinator("help", "nodes", "n1")
        #expect(beyond.status == 64 && beyond.errors.contains("'coordinator nodes' has no subcommands"), "\(beyond)")
        for words in [["help"], ["help", "images"], ["help", "config", "check"], ["help", "help"]] {
            #expect(try await BuiltProgram.coordinator(words).status == 0, "\(words)")
        }
        let option = try await BuiltProgram.coordinator("coverage", "--sever", "x")
        #expect(option.status == 64 && option.errors.hasPrefix("error: "), "\(option)")
        try await Self.live { server in
            let image = try await BuiltProgram.coordinator("pull", "webb", "--server", server)
            #expect(image.status == 1 && image.errors.contains("Did you mean \"web\"?"), "\(image)")
            let node = try await BuiltProgram.coordinator("pull", "web", "--node", "n11", "--server", server)
            #expect(node.status == 1 && node.errors.contains("Did you mean \"n1\"?"), "\(node)")
        }
    }

    @Test("version tells this program's and the coordinator's")
    func version() async throws {
        try await Self.live { server in
            let both = try await BuiltProgram.coordinator("version", "--server", server)
            #expect(
                both.status == 0 && both.output.contains("client ") && both.output.contains("\ncoordinator "), "\(both)"
            )
        }
        let own = try await BuiltProgram.coordinator("version", "--client", "-o", "json")
        #expect(own.status == 0 && own.output.contains("\"version\""), "\(own)")
        let none = try await BuiltProgram.coordinator("version", "--server", "http://127.0.0.1:1")
        #expect(none.status == 3 && none.output.contains("client "), "\(none)")
    }
}
