package io.argosy.raft.node;

import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.RaftNode.BootstrapException;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.transport.PeerTransport;
import io.argosy.raft.transport.PeerTransport.StoreDescription;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a group comes into the world (D1): every seed must be there and empty, then all adopt one membership.
 *
 * <p>The seed with the lowest id adopts first. So of two creators at the same moment one wins there, before the other
 * has changed anything. If the creator dies between two adoptions, any seed can finish: the ones that have adopted tell
 * the membership, and it names store UUIDs, so that only the very stores that were asked then can be completed now. A
 * store that was wiped meanwhile has another UUID and stops it: two wiped replicas never make a group of their own
 * beside the third.
 */
final class Birth {

    private static final Logger log = LoggerFactory.getLogger(Birth.class);

    private final RaftConfig config;
    private final PeerTransport transport;
    private final Supplier<UUID> uuids;
    private final Supplier<StoreDescription> describeSelf;
    private final BiFunction<String, Membership, CompletableFuture<Void>> adoptSelf;

    Birth(
            RaftConfig config,
            PeerTransport transport,
            Supplier<UUID> uuids,
            Supplier<StoreDescription> describeSelf,
            BiFunction<String, Membership, CompletableFuture<Void>> adoptSelf) {
        this.config = config;
        this.transport = transport;
        this.uuids = uuids;
        this.describeSelf = describeSelf;
        this.adoptSelf = adoptSelf;
    }

    CompletableFuture<UUID> bootstrap() {
        Map<ReplicaId, CompletableFuture<StoreDescription>> asked = new TreeMap<>();
        for (ReplicaId seed : config.peers().keySet()) {
            asked.put(
                    seed,
                    seed.equals(config.self())
                            ? CompletableFuture.completedFuture(describeSelf.get())
                            : named(seed, "did not say what its store is", transport.describeStore(seed)));
        }
        return CompletableFuture.allOf(asked.values().toArray(CompletableFuture<?>[]::new))
                .thenCompose(all -> {
                    Map<ReplicaId, StoreDescription> seeds = new TreeMap<>();
                    asked.forEach((seed, answer) -> seeds.put(seed, answer.join()));
                    Membership membership = decide(seeds);
                    List<ReplicaId> missing = seeds.entrySet().stream()
                            .filter(seed -> seed.getValue().membership().isEmpty())
                            .map(Map.Entry::getKey)
                            .toList();
                    return adoptAll(missing, membership).thenApply(done -> {
                        log.info(
                                "group is complete name={} groupUuid={} voters={}",
                                config.groupName(),
                                membership.groupUuid(),
                                membership.voters());
                        return membership.groupUuid();
                    });
                });
    }

    /** The membership to adopt: a new one if all seeds are empty, that of an interrupted birth if it fits all seeds. */
    private Membership decide(Map<ReplicaId, StoreDescription> seeds) {
        seeds.forEach((seed, description) -> {
            if (!description.member().id().equals(seed)) {
                throw new BootstrapException(at(seed) + " says that it is replica "
                        + description.member().id());
            }
        });
        Optional<StoreDescription> first = seeds.values().stream()
                .filter(seed -> seed.membership().isPresent())
                .findFirst();
        if (first.isEmpty()) {
            return new Membership(
                            uuids.get(),
                            seeds.values().stream()
                                    .map(StoreDescription::member)
                                    .toList())
                    .withFlush(config.storage().flush());
        }
        Membership existing = first.get().membership().orElseThrow();
        String firstSeed = at(first.get().member().id());
        Set<ReplicaId> known = new HashSet<>();
        existing.voters().forEach(voter -> known.add(voter.id()));
        seeds.forEach((seed, description) -> {
            description.membership().ifPresent(theirs -> {
                if (!theirs.groupUuid().equals(existing.groupUuid())) {
                    throw new BootstrapException(at(seed) + " is not empty: it belongs to group " + theirs.groupUuid()
                            + ", and " + firstSeed + " to group " + existing.groupUuid());
                }
            });
            Optional<Member> voter = existing.voter(seed);
            if (voter.isEmpty() || !voter.get().equals(description.member())) {
                throw new BootstrapException(firstSeed + " is not empty: it belongs to group "
                        + existing.groupUuid() + ", which does not know "
                        + at(seed) + " with store " + description.member().storeUuid()
                        + voter.map(v -> " but with store " + v.storeUuid()).orElse(""));
            }
        });
        if (!known.equals(seeds.keySet())) {
            throw new BootstrapException(firstSeed + " is not empty: it belongs to group " + existing.groupUuid()
                    + " of replicas " + known + ", not " + seeds.keySet());
        }
        return existing;
    }

    /** One after the other, in the order of ids. */
    private CompletableFuture<Void> adoptAll(List<ReplicaId> missing, Membership membership) {
        CompletableFuture<Void> done = CompletableFuture.completedFuture(null);
        for (ReplicaId seed : missing) {
            done = done.thenCompose(before -> {
                CompletableFuture<Void> adopting = seed.equals(config.self())
                        ? adoptSelf.apply(config.groupName(), membership)
                        : transport.adoptGroup(seed, config.groupName(), membership);
                return named(seed, "did not adopt group " + membership.groupUuid(), adopting);
            });
        }
        return done;
    }

    private <T> CompletableFuture<T> named(ReplicaId seed, String what, CompletableFuture<T> answer) {
        return answer.exceptionallyCompose(failure -> {
            Throwable cause =
                    failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
            return CompletableFuture.failedFuture(
                    new BootstrapException(at(seed) + " " + what + ": " + cause.getMessage()));
        });
    }

    private String at(ReplicaId seed) {
        return "replica " + seed + " at " + config.peers().get(seed);
    }
}
