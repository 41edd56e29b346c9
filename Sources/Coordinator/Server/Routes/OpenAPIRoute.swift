import HTTPTypes
import Hummingbird

/// `GET /openapi.yaml`: the description of the API that this program serves, a part of the program.
package struct OpenAPIRoute: Sendable {
    static let path = "/openapi.yaml"

    /// The file's bytes.
    static let document = PackageResources.openapi_yaml

    func add(to router: Router<some RequestContext>) {
        router.get(RouterPath(Self.path)) { _, _ in
            Response(
                status: .ok,
                // RFC 9512's type of YAML.
                headers: [.contentType: "application/yaml", .cacheControl: "no-cache"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: Self.document)))
        }
    }
}
