import type { ComponentChildren, VNode } from 'preact';
import { Icon, type IconName } from './icon.tsx';

interface ButtonProps {
  readonly label: string;
  readonly onClick: () => void;
  readonly icon?: IconName;
  readonly look?: 'plain' | 'primary' | 'danger' | 'quiet';
  readonly isDisabled?: boolean;
  /** Why it cannot be pressed, or more than the label says. */
  readonly hint?: string;
}

/** A button with a text. */
export const Button = ({ label, onClick, icon, look, isDisabled, hint }: ButtonProps): VNode => (
  <button
    type="button"
    class={`button button-${look ?? 'plain'}`}
    onClick={onClick}
    disabled={isDisabled}
    title={hint}
  >
    {icon === undefined ? null : <Icon name={icon} size={16} />}
    <span>{label}</span>
  </button>
);

interface IconButtonProps {
  readonly label: string;
  readonly icon: IconName;
  readonly onClick: () => void;
  /** For buttons that stay pressed. */
  readonly isPressed?: boolean;
  readonly isDisabled?: boolean;
}

/** A button with a drawing; the label is read out and shown on hovering. */
export const IconButton = ({
  label,
  icon,
  onClick,
  isPressed,
  isDisabled,
}: IconButtonProps): VNode => (
  <button
    type="button"
    class="icon-button"
    aria-label={label}
    title={label}
    aria-pressed={isPressed}
    disabled={isDisabled}
    onClick={onClick}
  >
    <Icon name={icon} />
  </button>
);

/** One of several choices. */
export interface Choice<T extends string> {
  readonly value: T;
  readonly label: string;
}

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly choices: readonly Choice<T>[];
  readonly onChange: (value: T) => void;
}

/** A few choices side by side; arrow keys move between them. */
export const Segmented = <T extends string>({
  label,
  value,
  choices,
  onChange,
}: ChoiceProps<T>): VNode => {
  const move = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = choices.findIndex((choice) => choice.value === value);
    const next = choices[(at + step + choices.length) % choices.length];
    if (next === undefined) return;
    onChange(next.value);
    const group = event.currentTarget as HTMLElement;
    (group.children[choices.indexOf(next)] as HTMLElement | undefined)?.focus();
  };
  return (
    <div class="segmented" role="radiogroup" aria-label={label} onKeyDown={move}>
      {choices.map((choice) => (
        // biome-ignore lint/a11y/useSemanticElements: a radio button cannot look like this and keep its text
        <button
          key={choice.value}
          type="button"
          role="radio"
          aria-checked={choice.value === value}
          tabIndex={choice.value === value ? 0 : -1}
          onClick={() => onChange(choice.value)}
        >
          {choice.label}
        </button>
      ))}
    </div>
  );
};

/** Choices in a list that opens. */
export const Select = <T extends string>({
  label,
  value,
  choices,
  onChange,
  isLabelShown = false,
}: ChoiceProps<T> & { readonly isLabelShown?: boolean }): VNode => (
  <label class="select">
    <span class={isLabelShown ? 'select-label' : 'unseen'}>{label}</span>
    <select value={value} onChange={(event) => onChange(event.currentTarget.value as T)}>
      {choices.map((choice) => (
        <option key={choice.value} value={choice.value}>
          {choice.label}
        </option>
      ))}
    </select>
    <Icon name="chevronDown" size={14} />
  </label>
);

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly icon?: IconName;
  readonly placeholder?: string;
  /** What is wrong with it; '' or nothing: it is fine. */
  readonly error?: string;
  readonly list?: string;
  readonly isLabelShown?: boolean;
  readonly type?: 'text' | 'number' | 'search';
}

/** A line of text. */
export const TextField = (props: TextFieldProps): VNode => {
  const { label, value, onInput, icon, placeholder, error = '', list, type = 'text' } = props;
  return (
    <label class={`text-field${icon === undefined ? '' : ' has-icon'}`}>
      <span class={props.isLabelShown === true ? 'field-label' : 'unseen'}>{label}</span>
      <span class="text-box" data-bad={error !== ''}>
        {icon === undefined ? null : <Icon name={icon} size={16} />}
        <input
          type={type}
          value={value}
          placeholder={placeholder}
          list={list}
          spellcheck={false}
          autocomplete="off"
          aria-invalid={error !== ''}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
      </span>
      {error === '' ? null : <span class="field-error">{error}</span>}
    </label>
  );
};

/** A switch with its text. */
export const Check = ({
  label,
  isOn,
  onChange,
}: {
  label: string;
  isOn: boolean;
  onChange: (isOn: boolean) => void;
}): VNode => (
  <label class="check">
    <input
      type="checkbox"
      checked={isOn}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
    <span>{label}</span>
  </label>
);

/** Tabs over a panel; the caller draws the panel of the chosen one. */
export const Tabs = <T extends string>({
  label,
  value,
  choices,
  onChange,
  children,
}: ChoiceProps<T> & { readonly children: ComponentChildren }): VNode => {
  const move = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const at = choices.findIndex((choice) => choice.value === value);
    const next = choices[(at + step + choices.length) % choices.length];
    if (next === undefined) return;
    onChange(next.value);
    const list = event.currentTarget as HTMLElement;
    (list.children[choices.indexOf(next)] as HTMLElement | undefined)?.focus();
  };
  return (
    <>
      <div class="tabs" role="tablist" aria-label={label} onKeyDown={move}>
        {choices.map((choice) => (
          <button
            key={choice.value}
            type="button"
            role="tab"
            id={`tab-${choice.value}`}
            aria-selected={choice.value === value}
            aria-controls="tab-panel"
            tabIndex={choice.value === value ? 0 : -1}
            onClick={() => onChange(choice.value)}
          >
            {choice.label}
          </button>
        ))}
      </div>
      <div id="tab-panel" role="tabpanel" aria-labelledby={`tab-${value}`}>
        {children}
      </div>
    </>
  );
};
