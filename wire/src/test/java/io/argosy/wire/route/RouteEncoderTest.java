package io.argosy.wire.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.argosy.proto.v2.Address;
import io.argosy.proto.v2.AddressScheme;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.Endpoints;
import io.argosy.proto.v2.MessageQueue;
import io.argosy.proto.v2.MessageType;
import io.argosy.proto.v2.Permission;
import io.argosy.proto.v2.QueryAssignmentResponse;
import io.argosy.proto.v2.QueryRouteResponse;
import io.argosy.proto.v2.Resource;
import io.argosy.wire.route.RouteSource.Group;
import io.argosy.wire.route.RouteSource.Place;
import io.argosy.wire.route.RouteSource.Replica;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class RouteEncoderTest {

    private static final Resource TOPIC =
            Resource.newBuilder().setResourceNamespace("ns").setName("t").build();

    private static Group group(Optional<Integer> leader, Optional<Integer> autoCreateQueues) {
        return new Group(
                "g1", Optional.empty(), 7, leader, List.of(replica(1), replica(2), replica(3)), autoCreateQueues);
    }

    private static Replica replica(int id) {
        return new Replica(id, "10.0.0." + id, 10911, "10.0.0." + id + ":10913", true);
    }

    private static RouteEncoder encoder(Optional<Integer> leader, Optional<Integer> autoCreateQueues) {
        Group group = group(leader, autoCreateQueues);
        return new RouteEncoder(new RouteSource() {
            @Override
            public List<Group> groups() {
                return List.of(group);
            }

            @Override
            public List<Place> places(String topic) {
                return topic.equals("t") ? List.of(new Place(group, 3, List.of(MessageType.NORMAL))) : List.of();
            }
        });
    }

    private static List<String> hosts(Optional<Integer> leader, Caller caller) {
        Endpoints endpoints = RouteEncoder.endpoints(group(leader, Optional.empty()), caller);
        assertThat(endpoints.getScheme()).isEqualTo(AddressScheme.IPv4);
        return endpoints.getAddressesList().stream().map(Address::getHost).toList();
    }

    @Test
    void groupIsOneMasterWithAllAddressesOnEachQueue() {
        QueryRouteResponse route = encoder(Optional.of(2), Optional.empty()).queryRoute(TOPIC, Caller.ANY_ORDER);

        assertThat(route.getStatus().getCode()).isEqualTo(Code.OK);
        assertThat(route.getMessageQueuesList()).extracting(MessageQueue::getId).containsExactly(0, 1, 2);
        for (MessageQueue queue : route.getMessageQueuesList()) {
            assertThat(queue.getTopic()).isEqualTo(TOPIC);
            assertThat(queue.getPermission()).isEqualTo(Permission.READ_WRITE);
            assertThat(queue.getBroker().getName()).isEqualTo("g1");
            assertThat(queue.getBroker().getId()).isZero();
            assertThat(queue.getBroker().getEndpoints().getAddressesCount()).isEqualTo(3);
            assertThat(queue.getAcceptMessageTypesList()).containsExactly(MessageType.NORMAL);
        }
    }

    @Test
    void routeOfMostCallersIsTheSameBytesWhoeverLeads() {
        var without = encoder(Optional.empty(), Optional.empty()).queryRoute(TOPIC, Caller.ANY_ORDER);

        for (int leader = 1; leader <= 3; leader++) {
            assertThat(encoder(Optional.of(leader), Optional.empty())
                            .queryRoute(TOPIC, Caller.ANY_ORDER)
                            .toByteString())
                    .isEqualTo(without.toByteString());
        }
    }

    @Test
    void callersThatTakeTheFirstAddressGetTheLeaderFirst() {
        assertThat(hosts(Optional.of(2), Caller.FIRST_ADDRESS)).containsExactly("10.0.0.2", "10.0.0.3", "10.0.0.1");
        assertThat(hosts(Optional.empty(), Caller.FIRST_ADDRESS)).containsExactly("10.0.0.1", "10.0.0.2", "10.0.0.3");
    }

    @Test
    void nodeNeedsASchemeInFrontOfTheFirstHost() {
        assertThat(hosts(Optional.of(3), Caller.NODE)).containsExactly("ipv4:10.0.0.3", "10.0.0.1", "10.0.0.2");
        assertThat(hosts(Optional.empty(), Caller.NODE)).containsExactly("ipv4:10.0.0.1", "10.0.0.2", "10.0.0.3");
    }

    @Test
    void callersAreToldApartByTheirHeaders() {
        assertThat(Caller.of("HTTP", true)).isEqualTo(Caller.NODE);
        assertThat(Caller.of("CPP", false)).isEqualTo(Caller.FIRST_ADDRESS);
        assertThat(Caller.of("DOTNET", false)).isEqualTo(Caller.FIRST_ADDRESS);
        for (String language : List.of("JAVA", "GO", "RUST", "PYTHON", "", "HTTP")) {
            assertThat(Caller.of(language, false)).isEqualTo(Caller.ANY_ORDER);
        }
    }

    @ParameterizedTest
    @EnumSource(Caller.class)
    void assignmentIsAnyQueueOfTheGroupWithTheRoutesAddresses(Caller caller) {
        RouteEncoder encoder = encoder(Optional.of(2), Optional.empty());

        QueryAssignmentResponse assignment = encoder.queryAssignment(TOPIC, caller);

        assertThat(assignment.getAssignmentsCount()).isEqualTo(1);
        MessageQueue queue = assignment.getAssignments(0).getMessageQueue();
        assertThat(queue.getId()).isEqualTo(-1);
        assertThat(queue.getBroker())
                .isEqualTo(encoder.queryRoute(TOPIC, caller).getMessageQueues(0).getBroker());
    }

    @Test
    void unknownTopicHasAVirtualRouteWhereItWouldBeCreated() {
        RouteEncoder encoder = encoder(Optional.empty(), Optional.of(8));
        Resource unknown = Resource.newBuilder().setName("new").build();

        assertThat(encoder.queryRoute(unknown, Caller.ANY_ORDER).getMessageQueuesCount())
                .isEqualTo(8);
        assertThat(encoder.queryAssignment(unknown, Caller.ANY_ORDER).getAssignmentsCount())
                .isEqualTo(1);
    }

    @Test
    void unknownTopicIsNotFoundWithoutAutoCreateOrIfItIsTheServersOwn() {
        Resource unknown = Resource.newBuilder().setName("new").build();
        Resource deadLetters = Resource.newBuilder().setName("%DLQ%g").build();

        QueryRouteResponse off = encoder(Optional.empty(), Optional.empty()).queryRoute(unknown, Caller.ANY_ORDER);

        assertThat(off.getStatus().getCode()).isEqualTo(Code.TOPIC_NOT_FOUND);
        assertThat(off.getStatus().getMessage())
                .contains("CODE: 17  DESC: No topic route info in name server for the topic: new");
        assertThat(encoder(Optional.empty(), Optional.of(8))
                        .queryRoute(deadLetters, Caller.ANY_ORDER)
                        .getStatus()
                        .getCode())
                .isEqualTo(Code.TOPIC_NOT_FOUND);
    }
}
