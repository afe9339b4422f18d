package io.argosy.server.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.argosy.server.config.HostPort;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class OpsServerTest {

    private static final HostPort ANY_PORT = new HostPort("127.0.0.1", 0);

    private final HttpClient client = HttpClient.newHttpClient();
    private final ServerMetrics metrics = new ServerMetrics("broker", "1.2.3");
    private final Readiness readiness = new Readiness();
    private final OpsServer ops = OpsServer.start(ANY_PORT, metrics, readiness);

    @AfterEach
    void stop() {
        ops.close();
        metrics.close();
    }

    @Test
    void metricsArePrometheusText() throws Exception {
        metrics.registry().counter("argosy.publish", "topic", "orders").increment(3);

        HttpResponse<String> response = get("/metrics");

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type"))
                .hasValueSatisfying(type -> assertThat(type).startsWith("text/plain; version=0.0.4"));
        assertThat(response.body())
                .contains("argosy_up 1")
                .containsPattern("argosy_build_info\\{component=\"broker\",java=\"[^\"]+\",version=\"1.2.3\"} 1")
                .contains("argosy_publish_total{topic=\"orders\"} 3")
                .contains("jvm_memory_used_bytes");
    }

    @Test
    void processIsAliveBeforeItIsReady() throws Exception {
        assertThat(get("/livez").statusCode()).isEqualTo(200);
        assertThat(get("/readyz").statusCode()).isEqualTo(503);
        assertThat(get("/readyz").body()).isEqualTo("process: starting\n");
    }

    @Test
    void readinessFollowsItsChecksAndNamesTheReason() throws Exception {
        AtomicReference<Optional<String>> leader = new AtomicReference<>(Optional.of("no leader is known"));
        readiness.check("leader", leader::get);
        readiness.open();

        HttpResponse<String> without = get("/readyz");
        leader.set(Optional.empty());
        HttpResponse<String> with = get("/readyz");
        readiness.close("stopping");
        HttpResponse<String> stopping = get("/readyz");

        assertThat(without.statusCode()).isEqualTo(503);
        assertThat(without.body()).isEqualTo("leader: no leader is known\n");
        assertThat(with.statusCode()).isEqualTo(200);
        assertThat(with.body()).isEqualTo("ready\n");
        assertThat(stopping.statusCode()).isEqualTo(503);
        assertThat(stopping.body()).isEqualTo("process: stopping\n");
    }

    @Test
    void unknownPathsAndMethodsAreRefused() throws Exception {
        assertThat(get("/etc/passwd").statusCode()).isEqualTo(404);
        assertThat(client.send(
                                request("/metrics")
                                        .POST(HttpRequest.BodyPublishers.noBody())
                                        .build(),
                                HttpResponse.BodyHandlers.ofString())
                        .statusCode())
                .isEqualTo(405);
    }

    @Test
    void takenPortIsNamed() {
        HostPort taken = new HostPort("127.0.0.1", ops.port());

        assertThatThrownBy(() -> OpsServer.start(taken, metrics, readiness))
                .hasMessageContaining("cannot listen on ops address 127.0.0.1:" + ops.port());
    }

    private HttpResponse<String> get(String path) throws Exception {
        return client.send(request(path).GET().build(), HttpResponse.BodyHandlers.ofString());
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + ops.port() + path));
    }
}
