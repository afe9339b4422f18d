package io.argosy.wire.session;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.argosy.proto.v2.ClientType;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.Settings;
import io.argosy.proto.v2.TelemetryCommand;
import io.argosy.wire.protocol.ClientHeaders;
import io.argosy.wire.protocol.Statuses;
import io.argosy.wire.session.SettingsAnswer.Outcome;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The Telemetry streams that end at this server, one per client: answers each Settings command, carries commands to
 * clients. That a stream is gone says nothing about its client.
 */
public final class TelemetryStreams implements ServerCallHandler<ByteString, ByteString> {

    private static final int DEPARTED_MAX = 10_000;

    private static final Logger log = LoggerFactory.getLogger(TelemetryStreams.class);

    private final SettingsAnswer answer;
    private final ClientSightings sightings;
    private final ConcurrentHashMap<String, Stream> streams = new ConcurrentHashMap<>();

    /**
     * Clients that said goodbye. A Java client that does so within a second of a broken stream opens another one
     * afterwards, and its close() then waits for the end of that stream, for ever if nobody ends it.
     */
    private final Set<String> departed = Collections.synchronizedSet(Collections.newSetFromMap(new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > DEPARTED_MAX;
        }
    }));

    public TelemetryStreams(SettingsAnswer answer, ClientSightings sightings) {
        this.answer = answer;
        this.sightings = sightings;
    }

    /**
     * Sends a command to a client.
     *
     * @return false if the client has no stream here
     */
    public boolean send(String clientId, TelemetryCommand command) {
        Stream stream = streams.get(clientId);
        return stream != null && stream.write(command);
    }

    /** A sign of life of a client that came another way. */
    public void seen(String clientId, ClientType type, String group) {
        sightings.seen(clientId, type, group);
    }

    /** The client said goodbye: the next stream that it opens ends once its settings are answered. */
    public void gone(String clientId) {
        departed.add(clientId);
        sightings.gone(clientId);
    }

    /** Ends all streams, so that clients open new ones elsewhere; for a server that stops. */
    public void completeAll() {
        List.copyOf(streams.values()).forEach(stream -> stream.close(Status.OK));
    }

    /** Clients whose stream ends here. */
    public int size() {
        return streams.size();
    }

    @Override
    public ServerCall.Listener<ByteString> startCall(ServerCall<ByteString, ByteString> call, Metadata metadata) {
        ClientHeaders headers = ClientHeaders.of(metadata);
        Stream stream = new Stream(call, headers);
        call.sendHeaders(new Metadata());
        if (headers.clientId().isEmpty()) {
            stream.refuse(Statuses.of(Code.CLIENT_ID_REQUIRED, "the header x-mq-client-id is missing"));
            return new ServerCall.Listener<>() {};
        }
        Stream older = streams.put(headers.clientId(), stream);
        if (older != null) {
            older.close(Status.OK);
        }
        call.request(1);
        return stream;
    }

    private final class Stream extends ServerCall.Listener<ByteString> {

        private final ServerCall<ByteString, ByteString> call;
        private final ClientHeaders headers;
        // Guarded by this, as are all writes: commands come from other threads than answers.
        private boolean closed;
        private boolean readWhenReady;

        Stream(ServerCall<ByteString, ByteString> call, ClientHeaders headers) {
            this.call = call;
            this.headers = headers;
        }

        @Override
        public void onMessage(ByteString message) {
            try {
                received(TelemetryCommand.parseFrom(message));
            } catch (InvalidProtocolBufferException e) {
                close(Status.INVALID_ARGUMENT.withDescription("not a telemetry command"));
                return;
            }
            readOn();
        }

        @Override
        public void onReady() {
            synchronized (this) {
                if (!readWhenReady || closed) {
                    return;
                }
                readWhenReady = false;
            }
            call.request(1);
        }

        @Override
        public void onHalfClose() {
            close(Status.OK);
        }

        @Override
        public void onCancel() {
            synchronized (this) {
                closed = true;
            }
            streams.remove(headers.clientId(), this);
        }

        private void received(TelemetryCommand command) {
            switch (command.getCommandCase()) {
                case SETTINGS -> settings(command.getSettings());
                case THREAD_STACK_TRACE,
                        VERIFY_MESSAGE_RESULT,
                        RECOVER_ORPHANED_TRANSACTION_COMMAND,
                        PRINT_THREAD_STACK_TRACE_COMMAND,
                        VERIFY_MESSAGE_COMMAND,
                        RECONNECT_ENDPOINTS_COMMAND,
                        NOTIFY_UNSUBSCRIBE_LITE_COMMAND,
                        COMMAND_NOT_SET ->
                    log.debug(
                            "telemetry command ignored clientId={} command={}",
                            headers.clientId(),
                            command.getCommandCase());
            }
        }

        private void settings(Settings sent) {
            Outcome outcome = answer.answer(sent, headers.node());
            if (outcome instanceof Outcome.Accepted accepted) {
                boolean late = departed.remove(headers.clientId());
                if (!late) {
                    sightings.seen(
                            headers.clientId(),
                            sent.getClientType(),
                            sent.getSubscription().getGroup().getName());
                }
                write(TelemetryCommand.newBuilder()
                        .setStatus(Statuses.OK)
                        .setSettings(accepted.settings())
                        .build());
                if (late) {
                    close(Status.OK);
                }
            } else if (outcome instanceof Outcome.Refused refused) {
                refuse(refused.status());
            } else if (outcome instanceof Outcome.Malformed malformed) {
                close(Status.INVALID_ARGUMENT.withDescription(malformed.reason()));
            } else {
                throw new AssertionError(outcome);
            }
        }

        /** A client that doesn't read its answers is not read from: nothing piles up here. */
        private void readOn() {
            synchronized (this) {
                if (closed) {
                    return;
                }
                if (!call.isReady()) {
                    readWhenReady = true;
                    // May have become ready before anybody waited for it.
                    if (!call.isReady()) {
                        return;
                    }
                    readWhenReady = false;
                }
            }
            call.request(1);
        }

        synchronized boolean write(TelemetryCommand command) {
            if (closed) {
                return false;
            }
            call.sendMessage(command.toByteString());
            return true;
        }

        void refuse(io.argosy.proto.v2.Status status) {
            write(TelemetryCommand.newBuilder().setStatus(status).build());
            close(Status.OK);
        }

        void close(Status status) {
            synchronized (this) {
                if (closed) {
                    return;
                }
                closed = true;
                call.close(status, new Metadata());
            }
            streams.remove(headers.clientId(), this);
        }
    }
}
