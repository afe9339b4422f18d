package io.argosy.cli;

import com.google.protobuf.ByteString;
import io.argosy.proto.v1.BootstrapRequest;
import io.argosy.proto.v1.BootstrapResponse;
import io.argosy.proto.v1.DescribeReplicaRequest;
import io.argosy.proto.v1.DescribeReplicaResponse;
import java.util.HexFormat;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Replicas and their group. */
@Command(
        name = "raft",
        description = "Works on a broker group as a whole.",
        mixinStandardHelpOptions = true,
        subcommands = {
            RaftCommand.Bootstrap.class,
            RaftStatusCommand.class,
            MembershipCommands.Add.class,
            MembershipCommands.Promote.class,
            MembershipCommands.Remove.class,
            MembershipCommands.Replace.class,
            MembershipCommands.Priority.class,
            MembershipCommands.Flush.class,
            MembershipCommands.Transfer.class,
            ScrubCommand.class,
            RecoverCommand.class
        })
final class RaftCommand extends CommandGroup {

    /** {@code argosy raft bootstrap}. */
    @Command(
            name = "bootstrap",
            description = {
                "Creates a broker group from its replicas, once.",
                "All of them must be running and empty. A creation that was interrupted is finished."
            },
            mixinStandardHelpOptions = true)
    static final class Bootstrap implements Runnable {
        @Mixin
        private final CommonOptions common = new CommonOptions();

        @Option(
                names = "--admin",
                required = true,
                paramLabel = "HOST:PORT",
                description = "Admin port of one replica of the group (its client port plus 2 by default)")
        private String address = "";

        @Override
        public void run() {
            try (AdminClient admin = common.admin()) {
                ByteString before = admin.askAt(
                                address,
                                stub -> stub.describeReplica(DescribeReplicaRequest.getDefaultInstance()),
                                DescribeReplicaResponse::getStatus)
                        .getGroupUuid();
                BootstrapResponse answer = admin.askAt(
                        address,
                        stub -> stub.bootstrap(BootstrapRequest.getDefaultInstance()),
                        BootstrapResponse::getStatus);
                String uuid = HexFormat.of().formatHex(answer.getGroupUuid().toByteArray());
                boolean existed = before.equals(answer.getGroupUuid());
                common.output()
                        .one(
                                "GroupCreated",
                                Output.object().put("groupUuid", uuid).put("existed", existed),
                                () -> (existed ? "group exists already: " : "created group ")
                                        + uuid
                                        + System.lineSeparator());
            }
        }
    }
}
