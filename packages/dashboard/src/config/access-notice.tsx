import type { Access } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { accessToken } from '../data/api-client.ts';
import { t } from '../i18n/translate.ts';
import { Button, TextField } from '../view/controls.tsx';
import { Banner } from '../view/feedback.tsx';

/** Says why nothing can be saved, and takes a token where one would help. */
export const AccessNotice = ({ access }: { access: Access | undefined }): VNode | null => {
  const [token, setToken] = useState('');
  if (access === undefined || access.canWrite) return null;
  return (
    <Banner kind="note">
      <p>{access.reason === '' ? t('access.readOnly') : access.reason}</p>
      {access.tokenAccepted ? (
        <p class="token">
          <TextField label={t('access.token')} isLabelShown value={token} onInput={setToken} />
          <Button
            label={t('access.use')}
            onClick={() => {
              accessToken.write(token);
              location.reload();
            }}
          />
        </p>
      ) : null}
    </Banner>
  );
};
