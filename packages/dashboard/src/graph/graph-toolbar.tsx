import type { GraphView } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { setQuery } from '../app/route.ts';
import { t } from '../i18n/translate.ts';
import { Check, IconButton, Segmented, TextField } from '../view/controls.tsx';
import { Popover } from '../view/popover.tsx';
import { parseFind } from './find-expression.ts';
import { FindHelp } from './find-help.tsx';
import { changeGraph, type EdgeLabel, graphSettings, type Percentile } from './graph-settings.ts';

interface GraphToolbarProps {
  readonly find: string;
  readonly hide: string;
  readonly found: number;
  readonly isTable: boolean;
}

const views: readonly GraphView[] = ['versionedApp', 'app', 'service', 'workload'];
const labels: readonly EdgeLabel[] = ['rate', 'share', 'latency', 'errors', 'bytes'];
const percentiles: readonly Percentile[] = ['average', 'p50', 'p90', 'p95', 'p99'];

const findProblem = (expression: string): string => {
  const parsed = parseFind(expression);
  return parsed.ok ? '' : t(`find.expected.${parsed.expected}`, { column: parsed.position + 1 });
};

/** What the graph shows, and the words to look for. */
export const GraphToolbar = ({ find, hide, found, isTable }: GraphToolbarProps): VNode => (
  <div class="toolbar graph-toolbar">
    <Segmented
      label={t('graph.view')}
      value={graphSettings.value.view}
      choices={views.map((value) => ({ value, label: t(`graph.view.${value}`) }))}
      onChange={(view) => changeGraph({ view })}
    />
    <Display />
    <div class="find-field">
      <TextField
        label={t('graph.find')}
        placeholder={t('graph.findHint')}
        icon="search"
        type="search"
        value={find}
        error={findProblem(find)}
        onInput={(value) => setQuery({ find: value })}
      />
      {find === '' ? null : <span class="find-count">{found}</span>}
    </div>
    <div class="find-field">
      <TextField
        label={t('graph.hide')}
        placeholder={t('graph.hideHint')}
        icon="eyeOff"
        type="search"
        value={hide}
        error={findProblem(hide)}
        onInput={(value) => setQuery({ hide: value })}
      />
    </div>
    <FindHelp />
    <IconButton
      icon="table"
      label={t('graph.table')}
      isPressed={isTable}
      onClick={() => setQuery({ as: isTable ? undefined : 'table' })}
    />
  </div>
);

const toggleLabel = (label: EdgeLabel, isOn: boolean): void => {
  const { labels: chosen } = graphSettings.value;
  changeGraph({ labels: labels.filter((each) => (each === label ? isOn : chosen.includes(each))) });
};

const Display = (): VNode => {
  const settings = graphSettings.value;
  return (
    <Popover name={t('graph.display')} label={t('graph.display')} icon="config">
      <h3>{t('graph.labels')}</h3>
      {labels.map((label) => (
        <div class="picker-row" key={label}>
          <Check
            label={t(`graph.label.${label}`)}
            isOn={settings.labels.includes(label)}
            onChange={(isOn) => toggleLabel(label, isOn)}
          />
          {label === 'latency' ? <PercentileChoice /> : null}
        </div>
      ))}
      <h3>{t('graph.show')}</h3>
      <div class="picker">
        <Check
          label={t('graph.showServices')}
          isOn={settings.showsServices}
          onChange={(showsServices) => changeGraph({ showsServices })}
        />
        <Check
          label={t('graph.showIdle')}
          isOn={settings.showsIdle}
          onChange={(showsIdle) => changeGraph({ showsIdle })}
        />
        <Check
          label={t('graph.showFrames')}
          isOn={settings.showsFrames}
          onChange={(showsFrames) => changeGraph({ showsFrames })}
        />
        <Check
          label={t('graph.showLocks')}
          isOn={settings.showsLocks}
          onChange={(showsLocks) => changeGraph({ showsLocks })}
        />
        <Check
          label={t('graph.animate')}
          isOn={settings.animates}
          onChange={(animates) => changeGraph({ animates })}
        />
      </div>
    </Popover>
  );
};

const PercentileChoice = (): VNode => (
  <select
    class="small-select"
    aria-label={t('graph.percentile')}
    value={graphSettings.value.percentile}
    onChange={(event) => changeGraph({ percentile: event.currentTarget.value as Percentile })}
  >
    {percentiles.map((value) => (
      <option key={value} value={value}>
        {value === 'average' ? t('graph.average') : value}
      </option>
    ))}
  </select>
);
