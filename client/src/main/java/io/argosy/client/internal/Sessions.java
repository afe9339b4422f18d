package io.argosy.client.internal;

import io.argosy.proto.v2.Address;
import io.argosy.proto.v2.AddressScheme;
import io.argosy.proto.v2.ClientType;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.Endpoints;
import io.argosy.proto.v2.HeartbeatRequest;
import io.argosy.proto.v2.HeartbeatResponse;
import io.argosy.proto.v2.Language;
import io.argosy.proto.v2.MessagingServiceGrpc;
import io.argosy.proto.v2.NotifyClientTerminationRequest;
import io.argosy.proto.v2.NotifyClientTerminationResponse;
import io.argosy.proto.v2.Settings;
import io.argosy.proto.v2.Status;
import io.argosy.proto.v2.TelemetryCommand;
import io.argosy.proto.v2.ThreadStackTrace;
import io.argosy.proto.v2.UA;
import io.argosy.proto.v2.VerifyMessageCommand;
import io.argosy.proto.v2.VerifyMessageResult;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one producer or consumer tells each broker group it works with: its settings on a telemetry stream that is
 * re-opened when it breaks, heartbeats every 10 s, and its end. Nothing waits for a session: a client works with
 * defaults until the server's settings arrive. Thread-safe.
 */
@SuppressWarnings("FutureReturnValueIgnored") // whenComplete at the end of a chain takes both outcomes.
public final class Sessions implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Sessions.class);

    private static final Duration HEARTBEAT = Duration.ofSeconds(10);
    private static final Duration SETTINGS_REPEAT = Duration.ofMinutes(5);
    private static final long REOPEN_MILLIS = 1_000;
    private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");

    /** What a session needs from its owner. */
    public interface Owner {

        ClientType type();

        /** Consumer group; empty for producers. */
        Optional<String> group();

        /** What it wants, without the fields that are the same for all. */
        Settings.Builder settings();

        /** What the server decided, on a network thread. */
        void configured(Settings settings);

        /** Shows the message to the listener as a test; answers how that went. */
        CompletableFuture<Status> verify(VerifyMessageCommand command);
    }

    private final ClusterLink link;
    private final ClientIdentity identity;
    private final Owner owner;
    private final Map<String, Stream> streams = new ConcurrentHashMap<>();
    private final Runnable stopHeartbeats;
    private final Runnable stopRepeats;
    private volatile boolean closed;

    public Sessions(ClusterLink link, ClientIdentity identity, Owner owner) {
        this.link = link;
        this.identity = identity;
        this.owner = owner;
        this.stopHeartbeats = link.every(HEARTBEAT, this::heartbeat);
        this.stopRepeats = link.every(SETTINGS_REPEAT, this::repeatSettings);
    }

    /** Opens a session with a group unless there is one. */
    public void ensure(String brokerGroup) {
        if (!closed && !streams.containsKey(brokerGroup)) {
            Stream stream = new Stream(brokerGroup);
            if (streams.putIfAbsent(brokerGroup, stream) == null) {
                stream.open();
            }
        }
    }

    /** Tells all groups again, because something changed, such as the list of topics. */
    public void repeatSettings() {
        streams.values().forEach(Stream::sendSettings);
    }

    private void heartbeat() {
        HeartbeatRequest.Builder request = HeartbeatRequest.newBuilder().setClientType(owner.type());
        owner.group().ifPresent(name -> request.setGroup(Queue.resource(identity.namespace(), name)));
        for (String brokerGroup : streams.keySet()) {
            tell(
                    brokerGroup,
                    "heartbeat",
                    link.ask(
                            new Target.Group(brokerGroup),
                            MessagingServiceGrpc.getHeartbeatMethod(),
                            request.build(),
                            identity,
                            "heartbeat",
                            link.settings().requestTimeout(),
                            HeartbeatResponse::getStatus));
        }
    }

    /** Says good-bye, so that messages in the hands of a consumer become visible to others soon. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        stopHeartbeats.run();
        stopRepeats.run();
        NotifyClientTerminationRequest.Builder request = NotifyClientTerminationRequest.newBuilder();
        owner.group().ifPresent(name -> request.setGroup(Queue.resource(identity.namespace(), name)));
        Function<NotifyClientTerminationResponse, Status> status = NotifyClientTerminationResponse::getStatus;
        CompletableFuture<?>[] farewells = streams.keySet().stream()
                .map(brokerGroup -> link.ask(
                                new Target.Group(brokerGroup),
                                MessagingServiceGrpc.getNotifyClientTerminationMethod(),
                                request.build(),
                                identity,
                                "saying good-bye",
                                Duration.ofSeconds(1),
                                status)
                        .exceptionally(failure -> {
                            log.debug("good-bye failed group={} reason={}", brokerGroup, failure.getMessage());
                            return NotifyClientTerminationResponse.getDefaultInstance();
                        }))
                .toArray(CompletableFuture<?>[]::new);
        CompletableFuture.allOf(farewells)
                .orTimeout(1, TimeUnit.SECONDS)
                .handle((ignored, failure) -> true)
                .join();
        streams.values().forEach(Stream::end);
    }

    private static void tell(String brokerGroup, String what, CompletableFuture<?> answer) {
        answer.whenComplete((done, failure) -> {
            if (failure != null) {
                log.debug("{} failed group={} reason={}", what, brokerGroup, failure.getMessage());
            }
        });
    }

    /** The access points as the protocol writes them. */
    static Endpoints accessPoint(ClientSettings settings) {
        boolean literal = settings.accessPoints().stream()
                .allMatch(point -> IPV4.matcher(point.host()).matches());
        Endpoints.Builder endpoints =
                Endpoints.newBuilder().setScheme(literal ? AddressScheme.IPv4 : AddressScheme.DOMAIN_NAME);
        for (HostPort point : settings.accessPoints()) {
            endpoints.addAddresses(Address.newBuilder().setHost(point.host()).setPort(point.port()));
        }
        return endpoints.build();
    }

    private Settings fullSettings() {
        return owner.settings()
                .setClientType(owner.type())
                .setAccessPoint(accessPoint(link.settings()))
                .setRequestTimeout(protoDuration(link.settings().requestTimeout()))
                .setUserAgent(UA.newBuilder()
                        .setLanguage(Language.JAVA)
                        .setVersion(ClientIdentity.VERSION)
                        .setPlatform(System.getProperty("os.name", ""))
                        .setHostname(HostName.LOCAL))
                .build();
    }

    public static com.google.protobuf.Duration protoDuration(Duration duration) {
        return com.google.protobuf.Duration.newBuilder()
                .setSeconds(duration.getSeconds())
                .setNanos(duration.getNano())
                .build();
    }

    public static Duration javaDuration(com.google.protobuf.Duration duration) {
        return Duration.ofSeconds(duration.getSeconds(), duration.getNanos());
    }

    /** One telemetry stream. Writes are made under the monitor, because gRPC wants them one at a time. */
    private final class Stream {
        private final String brokerGroup;
        private @Nullable ClientCall<TelemetryCommand, TelemetryCommand> call;
        private boolean ended;

        Stream(String brokerGroup) {
            this.brokerGroup = brokerGroup;
        }

        void open() {
            Set<HostPort> none = new HashSet<>();
            Optional<HostPort> server = link.pick(new Target.Group(brokerGroup), none);
            if (server.isEmpty()) {
                link.after(REOPEN_MILLIS, this::open);
                return;
            }
            ClientCall<TelemetryCommand, TelemetryCommand> opened;
            synchronized (this) {
                if (ended || link.isClosed()) {
                    return;
                }
                opened = link.connections()
                        .channel(server.get())
                        .newCall(MessagingServiceGrpc.getTelemetryMethod(), CallOptions.DEFAULT);
                call = opened;
            }
            opened.start(
                    new ClientCall.Listener<>() {
                        @Override
                        public void onMessage(TelemetryCommand command) {
                            opened.request(1);
                            receive(command);
                        }

                        @Override
                        public void onClose(io.grpc.Status status, Metadata trailers) {
                            closed(opened, status);
                        }
                    },
                    identity.headers());
            opened.request(1);
            sendSettings();
        }

        private void closed(ClientCall<TelemetryCommand, TelemetryCommand> which, io.grpc.Status status) {
            synchronized (this) {
                if (call == which) {
                    call = null;
                }
                if (ended) {
                    return;
                }
            }
            log.debug("telemetry stream ended group={} status={}", brokerGroup, status);
            link.after(REOPEN_MILLIS, this::open);
        }

        void sendSettings() {
            send(() -> TelemetryCommand.newBuilder().setSettings(fullSettings()).build());
        }

        private void send(Supplier<TelemetryCommand> command) {
            synchronized (this) {
                if (call != null && !ended) {
                    call.sendMessage(command.get());
                }
            }
        }

        private void receive(TelemetryCommand command) {
            switch (command.getCommandCase()) {
                case SETTINGS -> owner.configured(command.getSettings());
                case PRINT_THREAD_STACK_TRACE_COMMAND ->
                    send(() -> TelemetryCommand.newBuilder()
                            .setStatus(Status.newBuilder().setCode(Code.OK))
                            .setThreadStackTrace(ThreadStackTrace.newBuilder()
                                    .setNonce(command.getPrintThreadStackTraceCommand()
                                            .getNonce())
                                    .setThreadStackTrace(stacks()))
                            .build());
                case VERIFY_MESSAGE_COMMAND ->
                    owner.verify(command.getVerifyMessageCommand())
                            .thenAccept(status -> send(() -> TelemetryCommand.newBuilder()
                                    .setStatus(status)
                                    .setVerifyMessageResult(VerifyMessageResult.newBuilder()
                                            .setNonce(command.getVerifyMessageCommand()
                                                    .getNonce()))
                                    .build()));
                default -> {
                    if (command.hasStatus() && command.getStatus().getCode() != Code.OK) {
                        log.warn(
                                "server refused the session group={} code={} message={}",
                                brokerGroup,
                                command.getStatus().getCode(),
                                command.getStatus().getMessage());
                    }
                }
            }
        }

        synchronized void end() {
            ended = true;
            if (call != null) {
                call.halfClose();
                call.cancel("client closed", null);
            }
        }
    }

    private static String stacks() {
        StringBuilder text = new StringBuilder();
        Consumer<ThreadInfo> add = info -> text.append(info);
        for (ThreadInfo info : ManagementFactory.getThreadMXBean().dumpAllThreads(false, false)) {
            add.accept(info);
        }
        return text.toString();
    }
}
