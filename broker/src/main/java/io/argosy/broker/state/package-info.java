/**
 * The state machine: {@link io.argosy.broker.state.BrokerStateMachine} runs commands in log order through memory
 * (sequence) and into the {@link io.argosy.broker.state.StateStore} (index). Knows no kind of command: their rules are
 * {@link io.argosy.broker.state.CommandApplier}s in the packages they belong to. Written by the applier thread alone.
 */
@NullMarked
package io.argosy.broker.state;

import org.jspecify.annotations.NullMarked;
