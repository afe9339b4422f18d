package io.argosy.raft.sim;

import io.argosy.raft.StateMachine;

/** A state machine whose process can die: it then stands again where it was last made durable. */
public interface SimulatedMachine extends StateMachine {

    /** The process died: state that was not durable is gone. */
    void restart();

    /** Makes all that is applied durable. */
    void makeDurable();

    long appliedIndex();

    /** Equal for equal states; says all of the state. */
    long stateHash();
}
