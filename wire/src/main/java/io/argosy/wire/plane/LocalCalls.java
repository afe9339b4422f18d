package io.argosy.wire.plane;

import com.google.protobuf.InvalidProtocolBufferException;
import io.argosy.proto.v2.ClientType;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.HeartbeatRequest;
import io.argosy.proto.v2.HeartbeatResponse;
import io.argosy.proto.v2.NotifyClientTerminationResponse;
import io.argosy.proto.v2.QueryAssignmentRequest;
import io.argosy.proto.v2.QueryRouteRequest;
import io.argosy.wire.name.ResourceNames;
import io.argosy.wire.protocol.Statuses;
import io.argosy.wire.route.Caller;
import io.argosy.wire.route.RouteEncoder;
import io.argosy.wire.session.ClientSightings;
import io.argosy.wire.session.TelemetryStreams;
import java.util.Optional;

/** The methods that any replica and any name server answers alone, with or without a leader (client-plane 2). */
public final class LocalCalls {

    private final RouteEncoder routes;
    private final TelemetryStreams telemetry;

    /** @param telemetry hears of clients that come and go */
    public LocalCalls(RouteEncoder routes, TelemetryStreams telemetry) {
        this.routes = routes;
        this.telemetry = telemetry;
    }

    /** @return false if the method is not one of these; then nothing has happened */
    public boolean answer(IncomingCall call) {
        try {
            return switch (call.method()) {
                case QUERY_ROUTE -> queryRoute(call);
                case QUERY_ASSIGNMENT -> queryAssignment(call);
                case HEARTBEAT -> heartbeat(call);
                case NOTIFY_CLIENT_TERMINATION -> notifyClientTermination(call);
                case SEND_MESSAGE,
                        RECEIVE_MESSAGE,
                        ACK_MESSAGE,
                        FORWARD_MESSAGE_TO_DEAD_LETTER_QUEUE,
                        PULL_MESSAGE,
                        UPDATE_OFFSET,
                        GET_OFFSET,
                        QUERY_OFFSET,
                        END_TRANSACTION,
                        CHANGE_INVISIBLE_DURATION,
                        RECALL_MESSAGE,
                        SYNC_LITE_SUBSCRIPTION -> false;
            };
        } catch (InvalidProtocolBufferException e) {
            call.refuse(Code.BAD_REQUEST, "the request is not a protobuf message: " + e.getMessage());
            return true;
        }
    }

    private boolean queryRoute(IncomingCall call) throws InvalidProtocolBufferException {
        QueryRouteRequest request = QueryRouteRequest.parseFrom(call.request());
        Optional<String> problem = ResourceNames.topicProblem(request.getTopic().getName());
        if (problem.isPresent()) {
            call.refuse(Code.ILLEGAL_TOPIC, problem.get());
            return true;
        }
        call.next(routes.queryRoute(request.getTopic(), caller(call)).toByteString());
        call.complete();
        return true;
    }

    private boolean queryAssignment(IncomingCall call) throws InvalidProtocolBufferException {
        QueryAssignmentRequest request = QueryAssignmentRequest.parseFrom(call.request());
        Optional<String> topicProblem =
                ResourceNames.topicProblem(request.getTopic().getName());
        Optional<String> groupProblem =
                ResourceNames.groupProblem(request.getGroup().getName());
        if (topicProblem.isPresent()) {
            call.refuse(Code.ILLEGAL_TOPIC, topicProblem.get());
        } else if (groupProblem.isPresent()) {
            call.refuse(Code.ILLEGAL_CONSUMER_GROUP, groupProblem.get());
        } else {
            call.next(routes.queryAssignment(request.getTopic(), caller(call)).toByteString());
            call.complete();
        }
        return true;
    }

    private boolean heartbeat(IncomingCall call) throws InvalidProtocolBufferException {
        HeartbeatRequest request = HeartbeatRequest.parseFrom(call.request());
        ClientType type = request.getClientType();
        String group = request.getGroup().getName();
        boolean consumer = type != ClientType.PRODUCER && type != ClientType.CLIENT_TYPE_UNSPECIFIED;
        if (!ClientSightings.served(type)) {
            call.refuse(Code.UNRECOGNIZED_CLIENT_TYPE, "this server has no clients of type " + type);
            return true;
        }
        Optional<String> groupProblem = consumer ? ResourceNames.groupProblem(group) : Optional.empty();
        if (groupProblem.isPresent()) {
            call.refuse(Code.ILLEGAL_CONSUMER_GROUP, groupProblem.get());
            return true;
        }
        // Go sends one heartbeat without any header while it recovers a stream.
        if (!call.headers().clientId().isEmpty()) {
            telemetry.seen(call.headers().clientId(), type, consumer ? group : "");
        }
        call.next(HeartbeatResponse.newBuilder().setStatus(Statuses.OK).build().toByteString());
        call.complete();
        return true;
    }

    private boolean notifyClientTermination(IncomingCall call) {
        telemetry.gone(call.headers().clientId());
        call.next(NotifyClientTerminationResponse.newBuilder()
                .setStatus(Statuses.OK)
                .build()
                .toByteString());
        call.complete();
        return true;
    }

    private static Caller caller(IncomingCall call) {
        return Caller.of(call.headers().language(), call.headers().node());
    }
}
