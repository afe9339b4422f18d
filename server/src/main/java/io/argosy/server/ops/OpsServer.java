package io.argosy.server.ops;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.argosy.server.config.HostPort;
import io.argosy.server.process.StartException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code GET /metrics} (Prometheus text), {@code /livez} (200 as long as the process answers at all) and {@code /readyz}
 * (200, or 503 with one line per reason). Meant for loopback: it asks nobody who they are.
 */
public final class OpsServer implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(OpsServer.class);
    private static final int THREADS = 2;
    private static final String PLAIN_TEXT = "text/plain; charset=utf-8";

    private final HttpServer http;
    private final ExecutorService threads;

    private OpsServer(HttpServer http, ExecutorService threads) {
        this.http = http;
        this.threads = threads;
    }

    /** @throws StartException if the address can't be bound; the text names it */
    public static OpsServer start(HostPort listen, ServerMetrics metrics, Readiness readiness) {
        HttpServer http;
        try {
            http = HttpServer.create(listen.resolve(), 0);
        } catch (IOException e) {
            throw StartException.cannotListen("ops", listen, e);
        }
        AtomicInteger number = new AtomicInteger();
        ExecutorService threads = Executors.newFixedThreadPool(THREADS, task -> {
            Thread thread = new Thread(task, "ops-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
        http.setExecutor(threads);
        http.createContext("/", exchange -> serve(exchange, metrics, readiness));
        http.start();
        return new OpsServer(http, threads);
    }

    /** The port that was bound, for a configured port of 0. */
    public int port() {
        return http.getAddress().getPort();
    }

    @Override
    public void close() {
        http.stop(0);
        threads.shutdownNow();
    }

    private static void serve(HttpExchange exchange, ServerMetrics metrics, Readiness readiness) throws IOException {
        try (exchange) {
            String method = exchange.getRequestMethod();
            if (!method.equals("GET") && !method.equals("HEAD")) {
                exchange.getResponseHeaders().set("Allow", "GET, HEAD");
                answer(exchange, 405, PLAIN_TEXT, "only GET\n");
                return;
            }
            switch (exchange.getRequestURI().getPath()) {
                case "/metrics" -> answer(exchange, 200, ServerMetrics.CONTENT_TYPE, metrics.scrape());
                case "/livez" -> answer(exchange, 200, PLAIN_TEXT, "ok\n");
                case "/readyz" -> answerReadiness(exchange, readiness.problems());
                case "/" -> answer(exchange, 200, PLAIN_TEXT, "/metrics\n/livez\n/readyz\n");
                default -> answer(exchange, 404, PLAIN_TEXT, "not found: /metrics, /livez and /readyz are here\n");
            }
        } catch (RuntimeException e) {
            // A broken gauge must be seen by whoever scrapes, and must not cost the server its thread.
            log.warn("ops request failed path={}", exchange.getRequestURI(), e);
        }
    }

    private static void answerReadiness(HttpExchange exchange, Map<String, String> problems) throws IOException {
        String text = problems.entrySet().stream()
                .map(problem -> problem.getKey() + ": " + problem.getValue() + "\n")
                .collect(Collectors.joining());
        answer(exchange, problems.isEmpty() ? 200 : 503, PLAIN_TEXT, problems.isEmpty() ? "ready\n" : text);
    }

    private static void answer(HttpExchange exchange, int status, String contentType, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", contentType);
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.sendResponseHeaders(status, -1);
            return;
        }
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }
}
