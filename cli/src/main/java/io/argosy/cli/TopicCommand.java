package io.argosy.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.argosy.broker.topic.TopicLimits;
import io.argosy.cli.AdminClient.Paged;
import io.argosy.client.ClusterDescription.Group;
import io.argosy.proto.v1.AdminGrpc.AdminBlockingStub;
import io.argosy.proto.v1.CreateTopicRequest;
import io.argosy.proto.v1.CreateTopicResponse;
import io.argosy.proto.v1.DeleteTopicRequest;
import io.argosy.proto.v1.DeleteTopicResponse;
import io.argosy.proto.v1.DescribeTopicRequest;
import io.argosy.proto.v1.DescribeTopicResponse;
import io.argosy.proto.v1.ListTopicsRequest;
import io.argosy.proto.v1.ListTopicsResponse;
import io.argosy.proto.v1.QueueInfo;
import io.argosy.proto.v1.TopicInfo;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Topics. */
@Command(
        name = "topic",
        description = "Creates, lists, describes and deletes topics.",
        mixinStandardHelpOptions = true,
        subcommands = {
            TopicCommand.Create.class,
            TopicCommand.ListAll.class,
            TopicCommand.Describe.class,
            TopicCommand.Delete.class
        })
final class TopicCommand extends CommandGroup {

    private static ObjectNode json(TopicInfo topic, String group) {
        return Output.object()
                .put("name", topic.getName())
                .put("brokerGroup", group)
                .put("topicId", topic.getTopicId())
                .put("queues", topic.getQueueCount())
                .put("retentionMillis", topic.getRetentionMillis());
    }

    private static List<String> row(TopicInfo topic, String group) {
        return List.of(
                topic.getName(),
                group,
                Integer.toString(topic.getQueueCount()),
                DurationConverter.format(Duration.ofMillis(topic.getRetentionMillis())));
    }

    private static final List<String> TITLES = List.of("TOPIC", "BROKER GROUP", "QUEUES", "RETENTION");

    /** {@code argosy topic create}. */
    @Command(name = "create", description = "Creates a topic.", mixinStandardHelpOptions = true)
    static final class Create implements Runnable {
        @Mixin
        private final CommonOptions common = new CommonOptions();

        @Parameters(paramLabel = "TOPIC", description = "Name of the topic")
        private String name = "";

        @Option(
                names = {"-q", "--queues"},
                paramLabel = "N",
                description = "Number of queues, " + TopicLimits.QUEUES_MIN + " to " + TopicLimits.QUEUES_MAX
                        + " (default: the broker group's)")
        private @Nullable Integer queues;

        @Option(
                names = "--retention",
                paramLabel = "DURATION",
                converter = DurationConverter.class,
                description = "How long messages are kept at least, 1m to 3660d (default: the broker group's)")
        private @Nullable Duration retention;

        @Mixin
        private final BrokerGroupOption brokerGroup = new BrokerGroupOption();

        @Override
        public void run() {
            CreateTopicRequest.Builder request = CreateTopicRequest.newBuilder().setName(name);
            // To the cluster 0 means "your default", which is not what somebody means who writes 0.
            if (queues != null) {
                if (queues < TopicLimits.QUEUES_MIN) {
                    throw new CommandFailure(ExitCodes.USAGE, "--queues must be 1 or more");
                }
                request.setQueueCount(queues);
            }
            if (retention != null) {
                if (retention.isZero()) {
                    throw new CommandFailure(ExitCodes.USAGE, "--retention must be 1m or more");
                }
                request.setRetentionMillis(retention.toMillis());
            }
            try (AdminClient admin = common.admin()) {
                Group where = brokerGroup.of(admin);
                CreateTopicResponse answer =
                        admin.ask(where, stub -> stub.createTopic(request.build()), CreateTopicResponse::getStatus);
                common.output()
                        .one(
                                "Topic",
                                json(answer.getTopic(), where.name()),
                                () -> Output.table(TITLES, List.of(row(answer.getTopic(), where.name()))));
            }
        }
    }

    /** {@code argosy topic list}. */
    @Command(name = "list", description = "Lists all topics.", mixinStandardHelpOptions = true)
    static final class ListAll implements Runnable {
        @Mixin
        private final CommonOptions common = new CommonOptions();

        private static final Paged<ListTopicsResponse, TopicInfo> TOPICS = new Paged<>(
                (stub, after) -> stub.listTopics(
                        ListTopicsRequest.newBuilder().setAfter(after).build()),
                ListTopicsResponse::getStatus,
                ListTopicsResponse::getTopicsList,
                TopicInfo::getName,
                ListTopicsResponse::getMore);

        @Override
        public void run() {
            List<ObjectNode> items = new ArrayList<>();
            List<List<String>> rows = new ArrayList<>();
            try (AdminClient admin = common.admin()) {
                for (Group group : admin.cluster().groups()) {
                    for (TopicInfo topic : admin.askAll(group, TOPICS)) {
                        items.add(json(topic, group.name()));
                        rows.add(row(topic, group.name()));
                    }
                }
            }
            common.output().list("Topic", items, () -> Output.table(TITLES, rows));
        }
    }

    /** {@code argosy topic describe}. */
    @Command(
            name = "describe",
            description = "Shows a topic's queues and what they hold.",
            mixinStandardHelpOptions = true)
    static final class Describe implements Runnable {
        @Mixin
        private final CommonOptions common = new CommonOptions();

        @Parameters(paramLabel = "TOPIC", description = "Name of the topic")
        private String name = "";

        @Mixin
        private final BrokerGroupOption brokerGroup = new BrokerGroupOption();

        @Override
        public void run() {
            try (AdminClient admin = common.admin()) {
                Group where = brokerGroup.of(admin);
                DescribeTopicResponse answer = admin.ask(where, this::ask, DescribeTopicResponse::getStatus);
                ObjectNode body = json(answer.getTopic(), where.name());
                List<List<String>> rows = new ArrayList<>();
                var queues = body.putArray("queueList");
                for (QueueInfo queue : answer.getQueuesList()) {
                    long count = queue.getMaxOffset() - queue.getMinOffset();
                    queues.add(Output.object()
                            .put("queueId", queue.getQueueId())
                            .put("minOffset", queue.getMinOffset())
                            .put("maxOffset", queue.getMaxOffset())
                            .put("messages", count));
                    rows.add(List.of(
                            Integer.toString(queue.getQueueId()),
                            Long.toString(queue.getMinOffset()),
                            Long.toString(queue.getMaxOffset()),
                            Long.toString(count)));
                }
                common.output()
                        .one(
                                "TopicDescription",
                                body,
                                () -> Output.table(TITLES, List.of(row(answer.getTopic(), where.name())))
                                        + System.lineSeparator()
                                        + Output.table(List.of("QUEUE", "MIN OFFSET", "MAX OFFSET", "MESSAGES"), rows));
            }
        }

        private DescribeTopicResponse ask(AdminBlockingStub stub) {
            return stub.describeTopic(
                    DescribeTopicRequest.newBuilder().setName(name).build());
        }
    }

    /** {@code argosy topic delete}. */
    @Command(
            name = "delete",
            description = "Deletes a topic and all its messages, for good.",
            mixinStandardHelpOptions = true)
    static final class Delete implements Runnable {
        @Mixin
        private final CommonOptions common = new CommonOptions();

        @Parameters(paramLabel = "TOPIC", description = "Name of the topic")
        private String name = "";

        @Option(names = "--yes", description = "Do it; without this, nothing is deleted")
        private boolean yes;

        @Mixin
        private final BrokerGroupOption brokerGroup = new BrokerGroupOption();

        @Override
        public void run() {
            if (!yes) {
                if (common.secretFile().isPresent()) {
                    refuseUnknown();
                }
                throw new CommandFailure(
                        ExitCodes.USAGE, "this deletes all messages of topic " + name + "; add --yes to do it");
            }
            try (AdminClient admin = common.admin()) {
                Group where = brokerGroup.of(admin);
                admin.ask(
                        where,
                        stub -> stub.deleteTopic(
                                DeleteTopicRequest.newBuilder().setName(name).build()),
                        DeleteTopicResponse::getStatus);
                common.output()
                        .one(
                                "TopicDeleted",
                                Output.object().put("name", name).put("brokerGroup", where.name()),
                                () -> "deleted topic " + name + System.lineSeparator());
            }
        }

        /** Nobody should be asked to confirm what cannot be done. */
        private void refuseUnknown() {
            try (AdminClient admin = common.admin()) {
                admin.ask(
                        brokerGroup.of(admin),
                        stub -> stub.describeTopic(
                                DescribeTopicRequest.newBuilder().setName(name).build()),
                        DescribeTopicResponse::getStatus);
            }
        }
    }
}
