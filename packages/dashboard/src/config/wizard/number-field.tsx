import type { VNode } from 'preact';

interface NumberFieldProps {
  readonly label: string;
  /** Shown behind the number; '' for none. */
  readonly unit: string;
  readonly value: number;
  readonly max: number;
  readonly onChange: (value: number) => void;
}

/** A whole number from 0 to `max`; what is no number changes nothing. */
export const NumberField = ({ label, unit, value, max, onChange }: NumberFieldProps): VNode => (
  <label class="number-field">
    <span class="field-label">{label}</span>
    <span class="text-box">
      <input
        type="number"
        min="0"
        max={max}
        value={value}
        onInput={(event) => {
          const next = event.currentTarget.valueAsNumber;
          if (Number.isInteger(next) && next >= 0 && next <= max) onChange(next);
        }}
      />
      <span>{unit}</span>
    </span>
  </label>
);
