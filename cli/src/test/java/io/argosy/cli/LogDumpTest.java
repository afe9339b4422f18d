package io.argosy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.argosy.broker.command.CreateTopic;
import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.storage.FileSystemDisk;
import io.argosy.raft.storage.LocalStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LogDumpTest {

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void entriesAreDecodedWithoutABroker() throws IOException {
        writeLog();

        int code = dump("-o", "jsonl");

        assertThat(code).isZero();
        List<JsonNode> items = items();
        assertThat(items.get(0).get("item").asText()).isEqualTo("segment");
        assertThat(items).anySatisfy(item -> {
            assertThat(item.path("index").asLong()).isEqualTo(3);
            assertThat(item.path("command").asText()).isEqualTo("CREATE_TOPIC");
            assertThat(item.path("topic").asText()).isEqualTo("orders");
            assertThat(item.path("queues").asInt()).isEqualTo(7);
        });
    }

    @Test
    void aFlippedByteIsShownAndChangesTheExitCode() throws IOException {
        Path segment = writeLog();
        byte[] bytes = Files.readAllBytes(segment);
        int at = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1).indexOf("orders");
        bytes[at] ^= 1;
        Files.write(segment, bytes);

        int code = dump();

        assertThat(code).isEqualTo(ExitCodes.PARTIAL);
        assertThat(out.toString()).contains("DAMAGE");
    }

    @Test
    void aFolderWithoutSegmentsIsWrongUsage() {
        assertThat(dump()).isEqualTo(ExitCodes.USAGE);
        assertThat(err.toString()).contains("segment");
    }

    @Test
    void whatIsNoSegmentIsWrongUsage() throws IOException {
        Path file = Files.writeString(folder.resolve("README.md"), "# not a segment");

        int code = ArgosyMain.commandLine()
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute("log", "dump", file.toString());

        assertThat(code).isEqualTo(ExitCodes.USAGE);
        assertThat(err.toString()).contains("not a segment file");
    }

    @Test
    void aStartBehindTheEndIsTold() throws IOException {
        writeLog();

        assertThat(dump("--from", "99")).isZero();
        assertThat(err.toString()).contains("the last index is 3");
    }

    private Path writeLog() throws IOException {
        RaftConfig.Storage storage = new RaftConfig.Storage(RaftConfig.Flush.FSYNC, 1 << 20, 1 << 30);
        try (LocalStore store = LocalStore.open(new FileSystemDisk(), folder, storage, UUID::randomUUID)) {
            Membership membership =
                    new Membership(UUID.randomUUID(), List.of(new Member(new ReplicaId(1), store.storeUuid())));
            store.adopt("g1", membership);
            ByteBuffer create = new CreateTopic(1_700_000_000_000L, "orders", 7, Duration.ofHours(1)).encode();
            store.log()
                    .append(List.of(
                            Entry.of(2, 1, EntryType.NOOP, ByteBuffer.allocate(0)),
                            Entry.of(3, 1, EntryType.COMMAND, create)));
            store.log().sync();
        }
        try (var files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".log"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private int dump(String... more) {
        List<String> args = new ArrayList<>(List.of("log", "dump", folder.toString()));
        args.addAll(List.of(more));
        return ArgosyMain.commandLine()
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(args.toArray(String[]::new));
    }

    private List<JsonNode> items() throws IOException {
        List<JsonNode> items = new ArrayList<>();
        for (String line : out.toString().lines().toList()) {
            items.add(new ObjectMapper().readTree(line));
        }
        return items;
    }
}
