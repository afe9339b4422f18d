package io.argosy.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.argosy.broker.state.RocksStateStore;
import io.argosy.broker.state.StateStoreException;
import io.argosy.raft.Member;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.node.QuorumLoss;
import io.argosy.raft.node.QuorumLoss.Judged;
import io.argosy.raft.node.QuorumLoss.Survivor;
import io.argosy.raft.storage.DamagedStoreException;
import io.argosy.raft.storage.Disk;
import io.argosy.raft.storage.FileSystemDisk;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code argosy raft recover}. */
@Command(
        name = "recover",
        description = {
            "LAST RESORT, offline: goes on without a majority that is lost for good.",
            "Prints what each surviving replica holds and what would be written. Writes only with --execute and --group."
                    + " What only the dead replicas had is lost, acknowledged or not. The dead must never run again:"
                    + " the survivors refuse them, and they can only be added again with an empty data folder.",
            "Each folder is opened as a start of its replica would open it, and is locked meanwhile."
        },
        mixinStandardHelpOptions = true)
final class RecoverCommand implements Runnable {

    private static final int KNOCK_MILLIS = 2000;
    private static final long STATE_MEMORY_BYTES = 32 << 20;

    @Mixin
    private final OutputOptions common = new OutputOptions();

    @Option(
            names = "--data",
            required = true,
            paramLabel = "FOLDER",
            description = "Data folder of a surviving replica that is stopped; once for each survivor to go on with")
    private List<Path> folders = List.of();

    @Option(
            names = "--dead",
            paramLabel = "ID=HOST:PORT",
            description = "A replica that is lost for good, and where it listened for its peers: refused if anything"
                    + " answers there. All members that are not given by --data must be named")
    private Map<Integer, String> dead = new LinkedHashMap<>();

    @Option(
            names = "--from",
            paramLabel = "ID",
            description = "Go on with the log of this survivor (default: the most advanced one)")
    private @Nullable Integer from;

    @Option(names = "--execute", description = "Write it. Without this nothing is changed")
    private boolean execute;

    @Option(
            names = "--group",
            paramLabel = "NAME",
            description = "Name of the group, as a confirmation; needed with --execute")
    private @Nullable String group;

    @Override
    public void run() {
        try (QuorumLoss loss = QuorumLoss.open(
                new FileSystemDisk(),
                folders.stream().map(Path::toAbsolutePath).map(Path::normalize).toList(),
                RaftConfig.Storage.DEFAULT,
                RecoverCommand::appliedIn)) {
            recover(loss);
        } catch (Disk.StoreLockedException e) {
            throw new CommandFailure(
                    ExitCodes.REFUSED, e.getMessage() + ". Stop the survivors first; nothing was changed");
        } catch (DamagedStoreException e) {
            throw new CommandFailure(ExitCodes.REFUSED, String.valueOf(e.getMessage()));
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCodes.USAGE, String.valueOf(e.getMessage()));
        } catch (IOException e) {
            throw new CommandFailure(ExitCodes.FAILED, "reading or writing the data folders failed: " + e);
        }
    }

    private void recover(QuorumLoss loss) throws IOException {
        List<Survivor> survivors = loss.survivors();
        Map<ReplicaId, String> lost = new LinkedHashMap<>();
        dead.forEach((id, address) -> lost.put(new ReplicaId(id), address));
        Judged judged = loss.judge(lost.keySet(), Optional.ofNullable(from).map(ReplicaId::new));
        if (judged instanceof Judged.Refused refused) {
            print(survivors, Optional.empty(), false);
            throw new CommandFailure(ExitCodes.REFUSED, refused.reason());
        }
        Judged.Plan plan = (Judged.Plan) judged;
        lost.forEach(RecoverCommand::requireSilence);
        if (!execute) {
            print(survivors, Optional.of(plan), false);
            common.say("Nothing was changed. To do it: the same command with --execute --group "
                    + plan.source().groupName());
            return;
        }
        if (!plan.source().groupName().equals(group)) {
            throw new CommandFailure(
                    ExitCodes.REFUSED,
                    "the group is named '" + plan.source().groupName()
                            + "': confirm by --group with that name; nothing was changed");
        }
        loss.execute(plan);
        print(survivors, Optional.of(plan), true);
        common.say("Start the survivors now. Then add new replicas: argosy raft add");
    }

    private static void requireSilence(ReplicaId id, String address) {
        int colon = address.lastIndexOf(':');
        InetSocketAddress target;
        try {
            target = new InetSocketAddress(
                    address.substring(0, Math.max(0, colon)), Integer.parseInt(address.substring(colon + 1)));
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCodes.USAGE, "--dead " + id + "=" + address + " is not ID=HOST:PORT");
        }
        try (Socket socket = new Socket()) {
            socket.connect(target, KNOCK_MILLIS);
        } catch (IOException silent) {
            return;
        }
        throw new CommandFailure(
                ExitCodes.REFUSED,
                "replica " + id + " is named as dead, and something answers at " + address
                        + ": two groups would go on under one name. Nothing was changed");
    }

    private static long appliedIn(Path folder) throws IOException {
        Path state = folder.resolve("state");
        if (!Files.isDirectory(state)) {
            return 0;
        }
        try (RocksStateStore store = RocksStateStore.open(state, STATE_MEMORY_BYTES)) {
            return store.durableAppliedIndex();
        } catch (StateStoreException e) {
            throw new IOException("the state in " + state + " cannot be opened", e);
        }
    }

    private void print(List<Survivor> survivors, Optional<Judged.Plan> plan, boolean done) {
        ObjectNode body = Output.object().put("executed", done);
        ArrayNode items = body.putArray("survivors");
        StringBuilder text = new StringBuilder();
        for (Survivor survivor : survivors) {
            items.addObject()
                    .put("replica", survivor.id().value())
                    .put("folder", survivor.folder().toString())
                    .put("storeUuid", survivor.storeUuid().toString())
                    .put("recoveryEpoch", survivor.recoveryEpoch())
                    .put("term", survivor.term())
                    .put("lastIndex", survivor.lastIndex())
                    .put("lastTerm", survivor.lastTerm())
                    .put("committedAtLeast", survivor.appliedIndex())
                    .put("damage", survivor.damage().toString());
            text.append(String.format(
                    "replica %s in %s: last index %d of term %d, term %d, committed at least up to %d, damage %s%n",
                    survivor.id(),
                    survivor.folder(),
                    survivor.lastIndex(),
                    survivor.lastTerm(),
                    survivor.term(),
                    survivor.appliedIndex(),
                    survivor.damage().isEmpty() ? "none" : survivor.damage()));
        }
        plan.ifPresent(p -> {
            body.put("source", p.source().id().value())
                    .put("newTerm", p.term())
                    .put("newRecoveryEpoch", p.recoveryEpoch());
            ArrayNode voters = body.putArray("voters");
            p.membership().voters().forEach(voter -> voters.add(voter.id().value()));
            text.append(String.format(
                    "%s the log of replica %s, entry %d: voters %s, learners %s, term %d, recovery epoch %d%n",
                    done ? "The group goes on with" : "The group would go on with",
                    p.source().id(),
                    p.source().lastIndex() + 1,
                    names(p.membership().voters()),
                    names(p.membership().learners()),
                    p.term(),
                    p.recoveryEpoch()));
            text.append(String.format(
                    "Lost: whatever only replicas %s had behind entry %d%n",
                    dead.keySet(), p.source().lastIndex()));
        });
        common.output().one("Recovery", body, text::toString);
    }

    private static String names(List<Member> members) {
        return members.isEmpty()
                ? "none"
                : members.stream().map(member -> member.id().toString()).collect(Collectors.joining(", "));
    }
}
