package io.argosy.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.argosy.cli.AdminClient.Paged;
import io.argosy.client.ClusterDescription.Group;
import io.argosy.proto.v1.DescribeGroupRequest;
import io.argosy.proto.v1.DescribeGroupResponse;
import io.argosy.proto.v1.GroupQueueInfo;
import io.argosy.proto.v1.ListGroupsRequest;
import io.argosy.proto.v1.ListGroupsResponse;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Consumer groups. */
@Command(
        name = "group",
        description = "Lists and describes consumer groups.",
        mixinStandardHelpOptions = true,
        subcommands = {GroupCommand.ListAll.class, GroupCommand.Describe.class})
final class GroupCommand extends CommandGroup {

    /** {@code argosy group list}. */
    @Command(name = "list", description = "Lists all consumer groups.", mixinStandardHelpOptions = true)
    static final class ListAll implements Runnable {
        @Mixin
        private final CommonOptions common = new CommonOptions();

        private static final Paged<ListGroupsResponse, String> GROUPS = new Paged<>(
                (stub, after) -> stub.listGroups(
                        ListGroupsRequest.newBuilder().setAfter(after).build()),
                ListGroupsResponse::getStatus,
                ListGroupsResponse::getGroupsList,
                name -> name,
                ListGroupsResponse::getMore);

        @Override
        public void run() {
            List<ObjectNode> items = new ArrayList<>();
            List<List<String>> rows = new ArrayList<>();
            try (AdminClient admin = common.admin()) {
                for (Group where : admin.cluster().groups()) {
                    for (String name : admin.askAll(where, GROUPS)) {
                        items.add(Output.object().put("name", name).put("brokerGroup", where.name()));
                        rows.add(List.of(name, where.name()));
                    }
                }
            }
            common.output().list("ConsumerGroup", items, () -> Output.table(List.of("GROUP", "BROKER GROUP"), rows));
        }
    }

    /** {@code argosy group describe}. */
    @Command(
            name = "describe",
            description = "Shows how far a consumer group has come in each queue.",
            mixinStandardHelpOptions = true)
    static final class Describe implements Runnable {
        @Mixin
        private final CommonOptions common = new CommonOptions();

        @Parameters(paramLabel = "GROUP", description = "Name of the consumer group")
        private String name = "";

        @Mixin
        private final BrokerGroupOption brokerGroup = new BrokerGroupOption();

        @Override
        public void run() {
            try (AdminClient admin = common.admin()) {
                Group where = brokerGroup.of(admin);
                DescribeGroupResponse answer = admin.ask(
                        where,
                        stub -> stub.describeGroup(
                                DescribeGroupRequest.newBuilder().setName(name).build()),
                        DescribeGroupResponse::getStatus);
                show(where, answer);
            }
        }

        private void show(Group where, DescribeGroupResponse answer) {
            ObjectNode body = Output.object().put("name", answer.getName()).put("brokerGroup", where.name());
            var queues = body.putArray("queues");
            List<List<String>> rows = new ArrayList<>();
            long lag = 0;
            for (GroupQueueInfo queue : answer.getQueuesList()) {
                lag += queue.getLag();
                queues.add(Output.object()
                        .put("topic", queue.getTopic())
                        .put("queueId", queue.getQueueId())
                        .put("minOffset", queue.getMinOffset())
                        .put("maxOffset", queue.getMaxOffset())
                        .put("baseOffset", queue.getBaseOffset())
                        .put("acknowledgedAboveBase", queue.getAcknowledgedAboveBase())
                        .put("inFlight", queue.getInFlight())
                        .put("lag", queue.getLag()));
                rows.add(List.of(
                        queue.getTopic(),
                        Integer.toString(queue.getQueueId()),
                        Long.toString(queue.getBaseOffset()),
                        Long.toString(queue.getAcknowledgedAboveBase()),
                        Long.toString(queue.getInFlight()),
                        Long.toString(queue.getMaxOffset()),
                        Long.toString(queue.getLag())));
            }
            body.put("lag", lag);
            var clients = body.putArray("clients");
            answer.getClientIdsList().forEach(clients::add);
            long total = lag;
            common.output()
                    .one(
                            "ConsumerGroupDescription",
                            body,
                            () -> "group " + answer.getName() + ", lag " + total + ", clients: "
                                    + (answer.getClientIdsCount() == 0
                                            ? "none"
                                            : String.join(", ", answer.getClientIdsList()))
                                    + System.lineSeparator()
                                    + Output.table(
                                            List.of(
                                                    "TOPIC",
                                                    "QUEUE",
                                                    "DONE BELOW",
                                                    "DONE ABOVE",
                                                    "IN FLIGHT",
                                                    "MAX OFFSET",
                                                    "LAG"),
                                            rows));
        }
    }
}
