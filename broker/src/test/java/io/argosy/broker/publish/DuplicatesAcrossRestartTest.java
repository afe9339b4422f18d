package io.argosy.broker.publish;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.argosy.broker.LeaderUnderTest;
import io.argosy.broker.state.RocksStateStore;
import io.argosy.proto.v2.Message;
import io.argosy.proto.v2.Resource;
import io.argosy.proto.v2.SendMessageRequest;
import io.argosy.proto.v2.SystemProperties;
import io.argosy.raft.Entry;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DuplicatesAcrossRestartTest {

    @TempDir
    private Path folder = Path.of(".");

    private static SendMessageRequest request(int id) {
        return SendMessageRequest.newBuilder()
                .addMessages(Message.newBuilder()
                        .setTopic(Resource.newBuilder().setName("orders"))
                        .setSystemProperties(SystemProperties.newBuilder()
                                .setMessageId("id" + id)
                                .setQueueId(id % 3))
                        .setBody(ByteString.copyFromUtf8("body")))
                .build();
    }

    private static long send(LeaderUnderTest leader, int id) {
        return leader.send(request(id)).getEntries(0).getOffset();
    }

    private RocksStateStore open() {
        return RocksStateStore.open(folder.resolve("state"), 16 << 20);
    }

    @Test
    void idsFlushedAndIdsReplayedAreStillKnown() {
        List<Entry> log;
        try (RocksStateStore store = open()) {
            LeaderUnderTest leader = new LeaderUnderTest(store);
            for (int id = 0; id < 60; id++) {
                assertThat(send(leader, id)).isEqualTo(id / 3);
                if (id == 29) {
                    leader.machine.flush();
                }
            }
            log = leader.raft.entries();
        }

        try (RocksStateStore store = open()) {
            assertThat(store.appliedIndex()).isEqualTo(31);
            LeaderUnderTest leader = new LeaderUnderTest(store, log);
            for (int id = 0; id < 60; id++) {
                assertThat(send(leader, id)).isEqualTo(id / 3);
            }
            assertThat(leader.queues.maxOffset(1, 0)).isEqualTo(20);
        }
    }

    @Test
    void idsOutsideTheWindowAreNotLoaded() {
        List<Entry> log;
        try (RocksStateStore store = open()) {
            LeaderUnderTest leader = new LeaderUnderTest(store);
            for (int id = 0; id < 300; id++) {
                send(leader, id);
                leader.nowMillis.addAndGet(500);
            }
            leader.machine.flush();
            log = leader.raft.entries();
        }

        try (RocksStateStore store = open()) {
            LeaderUnderTest leader = new LeaderUnderTest(store, log);
            leader.nowMillis.addAndGet(299 * 500);
            assertThat(send(leader, 299)).isEqualTo(99);
            assertThat(send(leader, 182)).isEqualTo(60);
            // 0.5 s apart: id 179 is exactly 60 s older than id 299.
            assertThat(send(leader, 179)).isEqualTo(100);
            assertThat(send(leader, 0)).isEqualTo(100);
        }
    }
}
