package io.argosy.cli;

import io.argosy.client.ArgosyClient;
import io.argosy.client.ClusterDescription;
import io.argosy.client.ClusterDescription.Group;
import io.argosy.client.ClusterDescription.Replica;
import io.argosy.proto.v1.AdminCode;
import io.argosy.proto.v1.AdminGrpc;
import io.argosy.proto.v1.AdminGrpc.AdminBlockingStub;
import io.argosy.proto.v1.AdminStatus;
import io.argosy.wire.auth.ClusterSecret;
import io.argosy.wire.auth.PeerProver;
import io.argosy.wire.grpc.PeerEndpoints;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Predicate;

/** Admin calls: finds the admin listeners through the cluster's client ports and proves the cluster secret to them. */
final class AdminClient implements AutoCloseable {

    private static final int ANSWER_BYTES_MAX = 64 << 20;

    private final CommonOptions options;
    private final PeerProver prover;
    private final Map<String, ManagedChannel> channels = new HashMap<>();

    private AdminClient(CommonOptions options, PeerProver prover) {
        this.options = options;
        this.prover = prover;
    }

    static AdminClient open(CommonOptions options) {
        Path file = options.secretFile()
                .orElseThrow(() -> new CommandFailure(
                        ExitCodes.USAGE,
                        "this needs the cluster secret: give --secret-file or set ARGOSY_SECRET_FILE; servers have the"
                                + " file in their setting 'secretFile'"));
        try {
            ClusterSecret secret = ClusterSecret.load(file);
            return new AdminClient(options, new PeerProver(secret, "admin", new SecureRandom(), options.timeout()));
        } catch (IOException e) {
            throw new CommandFailure(
                    ExitCodes.USAGE, "cannot read the cluster secret in " + file + ": " + FileProblem.of(e));
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCodes.USAGE, String.valueOf(e.getMessage()));
        }
    }

    /** How long a command tries. */
    Duration timeout() {
        return options.timeout();
    }

    /** The cluster's groups as its client ports tell. */
    ClusterDescription cluster() {
        try (ArgosyClient client = options.client()) {
            return client.describeCluster(options.timeout());
        }
    }

    /** The group of that name, or the only one there is. */
    Group group(Optional<String> name) {
        List<Group> groups = cluster().groups();
        if (name.isPresent()) {
            return groups.stream()
                    .filter(group -> group.name().equals(name.get()))
                    .findFirst()
                    .orElseThrow(() -> new CommandFailure(
                            ExitCodes.REFUSED,
                            "there is no broker group '" + name.get() + "'; there are: " + names(groups)));
        }
        if (groups.size() != 1) {
            throw new CommandFailure(
                    groups.isEmpty() ? ExitCodes.NOT_REACHABLE : ExitCodes.USAGE,
                    groups.isEmpty()
                            ? "no broker group is registered at " + options.endpoints()
                                    + "; start brokers, or give the address of one as --endpoints"
                            : "there are several broker groups, choose one with --broker-group: " + names(groups));
        }
        return groups.get(0);
    }

    private static String names(List<Group> groups) {
        return String.join(", ", groups.stream().map(Group::name).toList());
    }

    /** Asks a replica of the group, the leader first, until one answers. */
    <T> T ask(Group group, Function<AdminBlockingStub, T> call, Function<T, AdminStatus> status) {
        List<Replica> order = new ArrayList<>(group.replicas());
        order.sort(Comparator.comparing(replica ->
                group.leaderId().filter(id -> id == replica.replicaId()).isEmpty()));
        CommandFailure why = new CommandFailure(
                ExitCodes.NOT_REACHABLE, "no replica of group " + group.name() + " tells an admin address");
        boolean answered = false;
        for (Replica replica : order) {
            if (replica.adminAddress().isEmpty()) {
                continue;
            }
            T answer;
            try {
                answer = call(replica.adminAddress(), call);
            } catch (CommandFailure e) {
                if (e.exitCode() != ExitCodes.NOT_REACHABLE) {
                    throw e;
                }
                // That one is down says less than that those who run have no leader.
                why = answered ? why : e;
                continue;
            }
            AdminStatus said = status.apply(answer);
            if (said.getCode() != AdminCode.ADMIN_CODE_NO_LEADER) {
                return checked(answer, said);
            }
            why = failure(said);
            answered = true;
        }
        throw why;
    }

    /**
     * A list that comes in pages.
     *
     * @param ask for what comes behind a name; behind the empty one is everything
     * @param more whether there is anything behind the page
     */
    record Paged<P, T>(
            BiFunction<AdminBlockingStub, String, P> ask,
            Function<P, AdminStatus> status,
            Function<P, List<T>> items,
            Function<T, String> name,
            Predicate<P> more) {}

    /** The whole list, page by page. */
    <P, T> List<T> askAll(Group group, Paged<P, T> list) {
        List<T> all = new ArrayList<>();
        String after = "";
        P page;
        do {
            String behind = after;
            page = ask(group, stub -> list.ask.apply(stub, behind), list.status);
            List<T> items = list.items.apply(page);
            if (items.isEmpty()) {
                return all;
            }
            all.addAll(items);
            after = list.name.apply(items.get(items.size() - 1));
        } while (list.more.test(page));
        return all;
    }

    /** Asks the listener at the address; anything but OK fails. */
    <T> T askAt(String address, Function<AdminBlockingStub, T> call, Function<T, AdminStatus> status) {
        T answer = call(address, call);
        return checked(answer, status.apply(answer));
    }

    private <T> T call(String address, Function<AdminBlockingStub, T> call) {
        try {
            ManagedChannel channel = channels.computeIfAbsent(address, this::connect);
            return call.apply(AdminGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(options.timeout().toMillis(), TimeUnit.MILLISECONDS));
        } catch (StatusRuntimeException e) {
            throw explain(address, e.getStatus());
        }
    }

    private static <T> T checked(T answer, AdminStatus said) {
        if (said.getCode() != AdminCode.ADMIN_CODE_OK) {
            throw failure(said);
        }
        return answer;
    }

    private static CommandFailure failure(AdminStatus said) {
        return new CommandFailure(exitCode(said.getCode()), said.getMessage());
    }

    private ManagedChannel connect(String address) {
        int colon = address.lastIndexOf(':');
        if (colon < 0) {
            throw new CommandFailure(ExitCodes.USAGE, "'" + address + "' is not host:port");
        }
        String host = address.substring(0, colon).replaceAll("[\\[\\]]", "");
        int port;
        try {
            port = Integer.parseInt(address.substring(colon + 1));
        } catch (NumberFormatException e) {
            throw new CommandFailure(ExitCodes.USAGE, "'" + address + "' is not host:port");
        }
        ManagedChannel channel = PeerEndpoints.channel(InetSocketAddress.createUnresolved(host, port), ANSWER_BYTES_MAX)
                .build();
        Duration timeout = options.timeout();
        try {
            prover.prove(channel).get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            return channel;
        } catch (ExecutionException e) {
            channel.shutdownNow();
            throw explain(address, Status.fromThrowable(e));
        } catch (TimeoutException e) {
            channel.shutdownNow();
            throw explain(address, Status.DEADLINE_EXCEEDED);
        } catch (InterruptedException e) {
            channel.shutdownNow();
            Thread.currentThread().interrupt();
            throw new CommandFailure(ExitCodes.FAILED, "interrupted");
        }
    }

    private CommandFailure explain(String address, Status status) {
        return switch (status.getCode()) {
            case UNAUTHENTICATED, PERMISSION_DENIED ->
                new CommandFailure(
                        ExitCodes.REFUSED,
                        "the admin port " + address
                                + " does not accept the cluster secret; use the file that the servers"
                                + " use as 'secretFile'");
            case UNIMPLEMENTED ->
                new CommandFailure(
                        ExitCodes.NOT_REACHABLE,
                        address + " is not an admin port; give that of a broker (its client port plus 2 by default)");
            case DEADLINE_EXCEEDED ->
                new CommandFailure(ExitCodes.NOT_REACHABLE, "the admin port " + address + " did not answer in time");
            default ->
                new CommandFailure(
                        ExitCodes.NOT_REACHABLE,
                        "the admin port " + address + " cannot be reached (" + reason(status)
                                + "); check that the broker runs");
        };
    }

    private static String reason(Status status) {
        for (Throwable cause = status.getCause(); cause != null; cause = cause.getCause()) {
            if (cause instanceof UnknownHostException) {
                return "the host name cannot be resolved";
            }
            if (cause instanceof ConnectException) {
                return "connection refused";
            }
        }
        return status.getDescription() == null ? status.getCode().toString() : status.getDescription();
    }

    private static int exitCode(AdminCode code) {
        return switch (code) {
            case ADMIN_CODE_OK -> ExitCodes.OK;
            case ADMIN_CODE_INVALID_ARGUMENT,
                    ADMIN_CODE_NOT_FOUND,
                    ADMIN_CODE_ALREADY_EXISTS,
                    ADMIN_CODE_FAILED_PRECONDITION -> ExitCodes.REFUSED;
            case ADMIN_CODE_NO_LEADER -> ExitCodes.NOT_REACHABLE;
            case ADMIN_CODE_UNKNOWN_OUTCOME, ADMIN_CODE_INTERNAL, UNRECOGNIZED -> ExitCodes.FAILED;
        };
    }

    @Override
    public void close() {
        channels.values().forEach(ManagedChannel::shutdownNow);
    }
}
