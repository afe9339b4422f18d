package io.argosy.wire.route;

import io.argosy.proto.v2.Address;
import io.argosy.proto.v2.AddressScheme;
import io.argosy.proto.v2.Assignment;
import io.argosy.proto.v2.Broker;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.Endpoints;
import io.argosy.proto.v2.MessageQueue;
import io.argosy.proto.v2.MessageType;
import io.argosy.proto.v2.Permission;
import io.argosy.proto.v2.QueryAssignmentResponse;
import io.argosy.proto.v2.QueryRouteResponse;
import io.argosy.proto.v2.Resource;
import io.argosy.proto.v2.Status;
import io.argosy.wire.name.ResourceNames;
import io.argosy.wire.protocol.Statuses;
import io.argosy.wire.route.RouteSource.Group;
import io.argosy.wire.route.RouteSource.Place;
import io.argosy.wire.route.RouteSource.Replica;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Answers QueryRoute and QueryAssignment for legal topic names. */
public final class RouteEncoder {

    /** Queues with another broker id are not used by producers and simple consumers. */
    private static final int MASTER_ID = 0;

    /**
     * Any queue of the topic in that group. One assignment means one long poll at a time per consumer, topic and
     * group; an answer carries up to 32 messages of all queues, as in the official proxy.
     */
    private static final int ANY_QUEUE = -1;

    private static final List<MessageType> TYPES_OF_NEW_TOPICS = List.of(MessageType.NORMAL);

    private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");

    private final RouteSource source;

    public RouteEncoder(RouteSource source) {
        this.source = source;
    }

    /** All queues of the topic in all groups. */
    public QueryRouteResponse queryRoute(Resource topic, Caller caller) {
        List<Place> places = places(topic.getName());
        if (places.isEmpty()) {
            return QueryRouteResponse.newBuilder()
                    .setStatus(topicNotFound(topic.getName()))
                    .build();
        }
        QueryRouteResponse.Builder response = QueryRouteResponse.newBuilder().setStatus(Statuses.OK);
        for (Place place : places) {
            MessageQueue.Builder queue = queue(topic, place, caller);
            for (int id = 0; id < place.queueCount(); id++) {
                response.addMessageQueues(queue.setId(id));
            }
        }
        return response.build();
    }

    /** One assignment per group: sharing among consumers is done by the server, message by message. */
    public QueryAssignmentResponse queryAssignment(Resource topic, Caller caller) {
        List<Place> places = places(topic.getName());
        if (places.isEmpty()) {
            return QueryAssignmentResponse.newBuilder()
                    .setStatus(topicNotFound(topic.getName()))
                    .build();
        }
        QueryAssignmentResponse.Builder response =
                QueryAssignmentResponse.newBuilder().setStatus(Statuses.OK);
        for (Place place : places) {
            response.addAssignments(Assignment.newBuilder()
                    .setMessageQueue(queue(topic, place, caller).setId(ANY_QUEUE)));
        }
        return response.build();
    }

    /** The status for a topic that is unknown and not created on the fly; Node's tests look for this text. */
    public static Status topicNotFound(String topic) {
        return Statuses.of(
                Code.TOPIC_NOT_FOUND, "CODE: 17  DESC: No topic route info in name server for the topic: " + topic);
    }

    /** Known places, or the one where the first message would create the topic (D18); asking stores nothing. */
    private List<Place> places(String topic) {
        List<Place> places = source.places(topic);
        if (!places.isEmpty() || !ResourceNames.creatable(topic)) {
            return places;
        }
        for (Group group : source.groups()) {
            if (group.autoCreateQueues().isPresent()) {
                return List.of(new Place(group, group.autoCreateQueues().get(), TYPES_OF_NEW_TOPICS));
            }
        }
        return List.of();
    }

    private static MessageQueue.Builder queue(Resource topic, Place place, Caller caller) {
        return MessageQueue.newBuilder()
                .setTopic(topic)
                .setPermission(Permission.READ_WRITE)
                .setBroker(Broker.newBuilder()
                        .setName(place.group().name())
                        .setId(MASTER_ID)
                        .setEndpoints(endpoints(place.group(), caller)))
                .addAllAcceptMessageTypes(place.acceptTypes());
    }

    /** Clients compare Endpoints as a whole: for callers in any order these bytes don't change with the leader. */
    static Endpoints endpoints(Group group, Caller caller) {
        List<Replica> order = caller == Caller.ANY_ORDER ? group.replicas() : leaderFirst(group);
        Endpoints.Builder endpoints = Endpoints.newBuilder().setScheme(scheme(order));
        for (int i = 0; i < order.size(); i++) {
            String host = literal(order.get(i).clientHost());
            endpoints.addAddresses(Address.newBuilder()
                    .setHost(caller == Caller.NODE && i == 0 && ipv4(host) ? "ipv4:" + host : host)
                    .setPort(order.get(i).clientPort()));
        }
        return endpoints.build();
    }

    /** A rotation, not a move to the front: Node keeps a session for each order it has ever seen. */
    private static List<Replica> leaderFirst(Group group) {
        List<Replica> replicas = group.replicas();
        for (int i = 0; i < replicas.size(); i++) {
            if (group.leader().isPresent()
                    && replicas.get(i).id() == group.leader().get()) {
                List<Replica> rotated = new ArrayList<>(replicas.subList(i, replicas.size()));
                rotated.addAll(replicas.subList(0, i));
                return rotated;
            }
        }
        return replicas;
    }

    /** Several host names in one Endpoints are not portable; a single one is (advertised name with several records). */
    private static AddressScheme scheme(List<Replica> replicas) {
        if (replicas.stream().anyMatch(replica -> replica.clientHost().indexOf(':') >= 0)) {
            return AddressScheme.IPv6;
        }
        if (replicas.size() == 1 && !ipv4(literal(replicas.get(0).clientHost()))) {
            return AddressScheme.DOMAIN_NAME;
        }
        return AddressScheme.IPv4;
    }

    private static boolean ipv4(String host) {
        return IPV4.matcher(host).matches();
    }

    private static String literal(String host) {
        return host.equals("localhost") ? "127.0.0.1" : host;
    }
}
