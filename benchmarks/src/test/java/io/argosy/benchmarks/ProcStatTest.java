package io.argosy.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcStatTest {

    @TempDir
    Path proc;

    @BeforeEach
    void aMachineWithAServerAndAKernelThread() throws IOException {
        Files.writeString(proc.resolve("stat"), """
                cpu  1000 20 300 90000 500 60 70 80 0 0
                cpu0 500 10 150 45000 250 30 35 40 0 0
                """);
        process(17, "(java (a) b)", 1, 250, 150);
        process(5, "(kworker/0:1)", 2, 30, 70);
        Files.writeString(proc.resolve("17/status"), "Name:\tjava\nVmRSS:\t  204800 kB\nRssAnon:\t 1 kB\n");
    }

    private void process(long pid, String name, long parent, long user, long system) throws IOException {
        Files.createDirectories(proc.resolve(Long.toString(pid)));
        Files.writeString(
                proc.resolve(pid + "/stat"),
                pid + " " + name + " S " + parent + " 17 17 0 -1 0 0 0 0 0 " + user + " " + system + " 0 0 20 0 44\n");
    }

    @Test
    void busyTimeIsThatOfProgramsAndStolenTimeIsToldApart() {
        ProcStat.Machine machine = new ProcStat(proc).machine();

        assertThat(machine.busy()).isEqualTo(13.2);
        assertThat(machine.stolen()).isEqualTo(0.8);
    }

    @Test
    void userAndSystemTimeOfAProcessAreAddedWhateverItsName() {
        assertThat(new ProcStat(proc).process(17)).hasValue(4.0);
    }

    @Test
    void processesThatAreGoneHaveNothingToTell() {
        assertThat(new ProcStat(proc).process(99)).isEmpty();
        assertThat(new ProcStat(proc).residentMebibytes(99)).isEmpty();
    }

    @Test
    void kernelThreadsAreTheChildrenOfProcessTwo() {
        assertThat(new ProcStat(proc).kernelThreads()).containsExactly(5L);
    }

    @Test
    void residentMemoryIsReadInMebibytes() {
        assertThat(new ProcStat(proc).residentMebibytes(17)).hasValue(200);
    }
}
